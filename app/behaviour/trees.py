"""Boosted decision trees that were fitted before (training/falls): a few hundred questions of the form "is this sign above that".

The file holds, for each tree, its nodes: sign asked about (-1: a leaf), bound, node if not above, node if above, whether
an unseen sign goes to the first, and the leaf's weight. Pure.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Node = tuple[int, float, int, int, int, float]


class TreesFile(msgspec.Struct, forbid_unknown_fields=True):
    """As stored."""

    trained_on: str
    offset: float
    trees: list[list[Node]]


@dataclass(frozen=True, slots=True)
class Trees:
    """All (trees, nodes), shorter trees padded. `depth`: steps from the root to the farthest leaf."""

    offset: float
    sign: Places
    bound: Doubles
    children: npt.NDArray[np.intp]
    unseen_first: npt.NDArray[np.bool_]
    weight: Doubles
    depth: int

    def share(self, signs: Doubles) -> float:
        """How likely, 0..1. `signs` (s,), NaN where not seen."""
        trees = np.arange(len(self.sign))
        node = np.zeros(len(self.sign), np.intp)
        for _ in range(self.depth):
            value = signs[self.sign[trees, node]]
            above = np.where(np.isnan(value), ~self.unseen_first[trees, node], value > self.bound[trees, node])
            node = self.children[trees, node, above.astype(np.intp)]
        return 1.0 / (1.0 + math.exp(-self.offset - float(self.weight[trees, node].sum())))


def read_trees(path: Path) -> Trees:
    """Trees of a file of ours.

    Raises:
        OSError, msgspec.DecodeError: it cannot be read.
    """
    file = msgspec.json.decode(path.read_bytes(), type=TreesFile)
    most = max(len(tree) for tree in file.trees)
    leaf: Node = (-1, 0.0, 0, 0, 0, 0.0)
    nodes: list[list[Any]] = [[*tree, *[leaf] * (most - len(tree))] for tree in file.trees]
    table = np.array(nodes, np.float64)
    sign = table[:, :, 0].astype(np.intp)
    here = np.arange(most)[None, :, None]
    children = np.where(sign[:, :, None] < 0, here, table[:, :, 2:4].astype(np.intp))  # whoever is at a leaf stays there
    return Trees(
        file.offset, np.maximum(sign, 0), table[:, :, 1], children, table[:, :, 4] > 0, table[:, :, 5],
        max(_depth(tree, 0) for tree in file.trees),
    )  # fmt: skip


def _depth(tree: list[Node], at: int) -> int:
    sign, _, first, other, _, _ = tree[at]
    return 0 if sign < 0 else 1 + max(_depth(tree, first), _depth(tree, other))
