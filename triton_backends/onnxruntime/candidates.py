"""Computes a detector's boxes and keypoints only where its score says that there may be somebody.

A YOLO pose head runs three branches of convolutions over every cell of every level: the score, the box and the keypoints. The
last two are a third of YOLO11n-pose's arithmetic, and are read at the few cells that score. Here they are computed at those
alone: a branch of two 3 x 3 convolutions and a 1 x 1 becomes products of matrices whose rows are gathered cells. Scores stay
as they are everywhere; boxes and keypoints are the network's own, to float32's rounding, wherever the score reaches what is
asked about, and mean nothing elsewhere. Who asks about every score gets every cell.

What is taken for the score is the one branch of one channel that starts from the same map as the others, and that goes through
a sigmoid and nothing else into the answer. A network without such a head, or with numbers other than float32, is left alone.
"""

import math
from dataclasses import dataclass

import numpy as np
import openvino
from openvino import opset13 as opset

ROWS_STEP = 32
"""Counts of rows are rounded up to a multiple: the engine prepares its code once for each count that it meets."""

LEAST_LOGIT = "least_logit"
"""The input that a rewritten network has more: (1,) float32, see `least_logit`."""

SLACK = 0.05
"""Of a logit: the score that is compared here and the one in the answer are rounded on different ways."""

NOBODY = math.inf
"""A `LEAST_LOGIT` that asks about no cell."""

_CONVOLUTIONS = ("Convolution", "GroupConvolution")
_MOVES = ("Reshape", "Concat", "Split", "VariadicSplit", "Transpose")
_TAKES_RAW = ("Sigmoid", "Softmax")
"""What reads raw scores and, where an export joins them first, raw boxes."""


@dataclass(frozen=True)
class Stage:
    """A convolution with its bias and, perhaps, a SiLU.

    Attributes:
        source, output: tensors [1, channels, H, W].
        weight: (out, in, h, w); None where the convolution is of another kind than is rewritten here.
        bias: (out,).
        activated: whether a SiLU follows.
    """

    source: openvino.Output
    output: openvino.Output
    weight: np.ndarray | None
    bias: np.ndarray
    activated: bool

    @property
    def side(self):
        """Of the square kernel; 0 where there is none."""
        height, width = (0, 0) if self.weight is None else self.weight.shape[2:]
        return height if height == width else 0


@dataclass(frozen=True)
class Branch:
    """Two 3 x 3 convolutions and a 1 x 1 that nothing else reads."""

    first: Stage
    second: Stage
    last: Stage


@dataclass(frozen=True)
class Level:
    """One feature map: its raw scores [1, 1, H, W], and the branches that are wanted only where these are high."""

    score: openvino.Output
    branches: list


def least_logit(score):
    """What `LEAST_LOGIT` is for this score and above; 0 asks about every cell. ValueError outside 0 <= score < 1."""
    if not 0 <= score < 1:
        raise ValueError(f"{score} is not at least 0 and less than 1")
    return math.log(score) - math.log1p(-score) - SLACK if score else -math.inf


def thin(model):
    """Rewrite a model of fixed shapes and a batch of one in place. How many levels were found; none changes nothing."""
    levels = _levels(model)
    if levels:
        least = opset.parameter([1], np.float32, LEAST_LOGIT)
        least.output(0).set_names({LEAST_LOGIT})
        model.add_parameters([least])
        for level in levels:
            _rewrite(level, least)
        model.validate_nodes_and_infer_types()
    return len(levels)


def _levels(model):
    """Feature maps from which branches and one score start."""
    ends = [_stage(node.output(0)) for node in model.get_ordered_ops() if node.get_type_name() == "Add"]
    ends = [each for each in ends if each is not None and each.side == 1 and not _is_activated(each.output)]
    scores, branches = {}, {}
    for end in ends:
        chain = _chain(end)
        if len(end.bias) == 1:
            for each in chain:
                scores.setdefault(_name(each.source), []).append(end.output)
        elif _is_branch(chain):
            branches.setdefault(_name(chain[2].source), []).append(Branch(chain[2], chain[1], chain[0]))
    return [
        Level(scores[name][0], found)
        for name, found in branches.items()
        if len(scores.get(name, ())) == 1 and _is_score(scores[name][0])
    ]


def _is_score(output):
    """Whether it goes into the answer by a sigmoid alone; its map is one frame's."""
    return output.shape[0] == 1 and _readers_behind_moves(output) <= set(_TAKES_RAW)


def _readers_behind_moves(output):
    """Kinds of what reads a tensor, once it was reshaped, joined or split."""
    found, waiting = set(), [output]
    while waiting:
        for reader in _readers(waiting.pop()):
            kind = reader.get_type_name()
            if kind in _MOVES:
                waiting += reader.outputs()
            elif kind != "ShapeOf":
                found.add(kind)
    return found


def _chain(end):
    """Stages from the last to the first that keep the size of the map."""
    found, stage = [], end
    while stage is not None and list(stage.source.shape)[2:] == list(end.output.shape)[2:]:
        found.append(stage)
        stage = _stage(stage.source)
    return found


def _is_branch(chain):
    middle = chain[1:3]
    alone = all(len(_readers(each.output)) == 1 for each in middle)
    return len(middle) == 2 and alone and all(each.side == 3 and each.activated for each in middle)


def _stage(output):
    """The convolution whose end this tensor is, or None."""
    added = _before_silu(output)
    activated = added is not None
    node = (added if activated else output).get_node()
    if node.get_type_name() != "Add":
        return None
    for first, second in ((0, 1), (1, 0)):
        made = node.input_value(first).get_node()
        if made.get_type_name() in _CONVOLUTIONS:
            return _convolution(made, node.input_value(second), output, activated)
    return None


def _convolution(made, added, output, activated):
    """A stage of its parts, or None where the bias is no constant of one number a channel."""
    bias, channels = added.get_node(), made.output(0).shape[1]
    if bias.get_type_name() == "Reshape":  # as ONNX's one number a channel is read
        bias = bias.input_value(0).get_node()
    if bias.get_type_name() != "Constant" or list(added.shape) != [1, channels, 1, 1]:
        return None
    return Stage(made.input_value(0), output, _plain_weight(made), bias.data.reshape(-1), activated)


def _plain_weight(convolution):
    """(out, in, h, w) float32 of one group, stride 1, and padding that keeps H and W; else None."""
    weight, said = convolution.input_value(1).get_node(), convolution.get_attributes()
    if convolution.get_type_name() != "Convolution" or weight.get_type_name() != "Constant" or weight.data.dtype != np.float32:
        return None
    kept = [side // 2 for side in weight.data.shape[2:]]
    wanted = {"strides": [1, 1], "dilations": [1, 1], "pads_begin": kept, "pads_end": kept}
    is_plain = said["auto_pad"] == "explicit" and all(list(said[name]) == value for name, value in wanted.items())
    return weight.data if is_plain else None


def _before_silu(output):
    """x of x * sigmoid(x), or None."""
    node = output.get_node()
    if node.get_type_name() != "Multiply":
        return None
    sides = node.input_value(0), node.input_value(1)
    for x, gate in (sides, sides[::-1]):
        if gate.get_node().get_type_name() == "Sigmoid" and _name(gate.get_node().input_value(0)) == _name(x):
            return x
    return None


def _is_activated(output):
    """Whether a SiLU reads this tensor: then it is no end of a branch."""
    return any(_before_silu(each.output(0)) is not None for each in _readers(output) if each.get_type_name() == "Multiply")


def _readers(output):
    return [each.get_node() for each in output.get_target_inputs()]


def _name(output):
    return f"{output.get_node().get_friendly_name()}:{output.get_index()}"


def _rewrite(level, least):
    """Each branch of a level becomes rows of cells; what it gave is filled with them, and zero elsewhere."""
    source = level.branches[0].first.source
    _, channels, height, width = source.shape
    cells = _Cells(height, width)
    scores = opset.convert(opset.greater_equal(level.score, least), "f32")
    wanted = _rows_of(scores)
    # The second convolution reads the first one's neighbours.
    around = _rows_of(opset.max_pool(scores, [1, 1], [1, 1], [1, 1], [1, 1], [3, 3]).output(0))
    padded = opset.pad(source, _ints([0, 0, 1, 1]), _ints([0, 0, 1, 1]), "constant", opset.constant(np.float32(0)))
    pixels = opset.reshape(opset.transpose(padded, _ints([0, 2, 3, 1])), _ints([-1, channels]), False)
    first = _convolved(cells.taps_of(pixels, around, channels), [each.first for each in level.branches])
    # Row 0 is what a convolution finds outside of the map.
    widths = [len(each.first.bias) for each in level.branches]
    rows = opset.concat([opset.constant(np.zeros((1, sum(widths)), np.float32)), first], 0)
    near = opset.gather(rows, opset.gather(cells.table(around), cells.taps(wanted), _ints(0)), _ints(0))
    for branch, part in zip(level.branches, opset.variadic_split(near, _ints(2), _ints(widths)).outputs(), strict=True):
        second = _convolved(opset.reshape(part, _ints([-1, 9 * len(branch.first.bias)]), False), [branch.second])
        found = _convolved(second, [branch.last])
        empty = opset.constant(np.zeros((height * width, len(branch.last.bias)), np.float32))
        filled = opset.transpose(opset.scatter_update(empty, wanted, found, _ints(0)), _ints([1, 0]))
        shape = _ints([1, len(branch.last.bias), height, width])
        branch.last.output.replace(opset.reshape(filled, shape, False).output(0))


class _Cells:
    """Cells of a map, by number from the top left; in a map with a border of one they are numbered anew."""

    def __init__(self, height, width):
        rows, columns = np.divmod(np.arange(height * width), width)
        corner = rows * (width + 2) + columns
        taps = np.add.outer(np.arange(3) * (width + 2), np.arange(3)).reshape(-1)
        self._taps = _ints(corner[:, None] + taps)
        self._centres = _ints(corner + width + 3)
        self._bordered = (height + 2) * (width + 2)

    def taps(self, rows):
        """(n, 9): what a 3 x 3 convolution reads at each of n cells."""
        return opset.gather(self._taps, rows, _ints(0))

    def taps_of(self, pixels, rows, channels):
        """(n, 9 channels): the same of a bordered map (cells, channels)."""
        return opset.reshape(opset.gather(pixels, self.taps(rows), _ints(0)), _ints([-1, 9 * channels]), False)

    def table(self, rows):
        """By bordered cell: 1 + its place among `rows`, or 0."""
        numbers = opset.range(_ints(1), opset.add(_count(rows), _ints(1)), _ints(1), "i32")
        empty = _ints(np.zeros(self._bordered))
        return opset.scatter_update(empty, opset.gather(self._centres, rows, _ints(0)), numbers, _ints(0))


def _rows_of(mask):
    """Numbers of the cells that are not zero; the last again and again up to a multiple of ROWS_STEP."""
    found = opset.squeeze(opset.non_zero(opset.reshape(mask, _ints([-1]), False), "i32"), _ints(0))
    count = _count(found)
    whole = opset.multiply(opset.divide(opset.add(count, _ints(ROWS_STEP - 1)), _ints(ROWS_STEP)), _ints(ROWS_STEP))
    places = opset.minimum(opset.range(_ints(0), whole, _ints(1), "i32"), opset.subtract(count, _ints(1)))
    return opset.gather(found, places, _ints(0))


def _count(rows):
    return opset.squeeze(opset.shape_of(rows, "i32"), _ints(0))


def _convolved(rows, stages):
    """Rows of what kernels read times the weights of one or more stages side by side."""
    weight = np.concatenate([each.weight for each in stages]).transpose(2, 3, 1, 0)
    table = np.ascontiguousarray(weight.reshape(-1, weight.shape[-1]), np.float32)
    bias = np.concatenate([each.bias for each in stages]).astype(np.float32)
    found = opset.add(opset.matmul(rows, opset.constant(table), False, False), opset.constant(bias))
    return opset.multiply(found, opset.sigmoid(found)) if stages[0].activated else found


def _ints(values):
    return opset.constant(np.asarray(values, np.int32))
