"""GaitGraph (Teepe et al., ICIP 2021), the published architecture that `bench gait` compares ours with: ResGCN-N39-R8.

Written anew from the definition: one branch of x, y and score of the 17 COCO points; a basic block, two bottlenecks, four more in
the main stream that halve the slots twice; a mean over slots and points; 128 numbers. It learns from parts as long as the 60
frames at 25 a second that the authors take, and sees whole sequences when it is tried. Ours alone: the mean leaves out the slots
behind the end of a short sequence, and a bias before a normalisation is none.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.gait.network import EMBEDDING, Embedder

LINKS = [
    (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12),
    (11, 13), (13, 15), (12, 14), (14, 16),
]  # fmt: skip
DISTANCES, HOPS = 3, 3
"""Points 0, 1 and 2 links away have weights of their own; weights are shared out among those up to 3 links away."""
WINDOW, REDUCTION = 9, 8
PART = 32
"""Slots of 1/12 s that it learns from at a time."""


def adjacency() -> Tensor:
    """(DISTANCES, 17, 17): for each distance, the share of each point in what another one takes in."""
    near = np.eye(17, dtype=int)
    for one, other in LINKS:
        near[one, other] = near[other, one] = 1
    reached = np.stack([np.linalg.matrix_power(near, hops) > 0 for hops in range(HOPS + 1)])
    distance = np.where(reached.any(axis=0), reached.argmax(axis=0), HOPS + 1)
    share = 1 / (distance <= HOPS).sum(axis=0, keepdims=True)
    return torch.tensor(np.stack([(distance == hops) * share for hops in range(DISTANCES)]), dtype=torch.float32)


def convolved(inputs: int, outputs: int, window: int = 1, stride: int = 1) -> nn.Sequential:
    """A convolution over slots, with its normalisation."""
    kernel = nn.Conv2d(inputs, outputs, (window, 1), (stride, 1), (window // 2, 0), bias=False)
    return nn.Sequential(kernel, nn.BatchNorm2d(outputs))


def part_of(sequence: Tensor) -> Tensor:
    """(b, PART, CHANNELS) of each sequence, from anywhere before its end."""
    slots = torch.arange(sequence.shape[1])
    room = ((sequence[..., -1] * slots).amax(1).long() + 1 - PART).clamp(min=0)
    begin = (torch.rand(len(sequence)) * (room + 1)).long()
    return sequence[torch.arange(len(sequence))[:, None], begin[:, None] + slots[:PART]]


class Graph(nn.Module):
    """A convolution over the points of each slot: of neighbours by their distance, each link with a weight that is learned."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("links", adjacency())
        self.edge = nn.Parameter(torch.ones(DISTANCES, 17, 17))
        self.mixed = convolved(DISTANCES * inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        parts = [x @ (self.links[hops] * self.edge[hops]) for hops in range(DISTANCES)]
        mixed: Tensor = self.mixed(torch.cat(parts, 1))
        return mixed


class Bottleneck(nn.Module):
    """Points, then slots, each through an eighth of the channels and added to what came in."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        inner = outputs // REDUCTION
        self.points = self._narrow(inputs, outputs, Graph(inner, inner))
        self.slots = self._narrow(outputs, outputs, convolved(inner, inner, WINDOW, stride))
        self.past_points = nn.Identity() if inputs == outputs else convolved(inputs, outputs)
        self.past_slots = nn.Identity() if stride == 1 else convolved(outputs, outputs, 1, stride)

    @staticmethod
    def _narrow(inputs: int, outputs: int, inside: nn.Module) -> nn.Sequential:
        inner = outputs // REDUCTION
        up = convolved(inner, outputs)
        nn.init.zeros_(up[1].weight)
        return nn.Sequential(convolved(inputs, inner), nn.ReLU(), inside, nn.ReLU(), up)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.points(x) + self.past_points(x))
        return functional.relu(self.slots(x) + self.past_slots(x))


class GaitGraph(Embedder):
    """(b, slots, CHANNELS) to (b, EMBEDDING)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(3), Graph(3, 64), nn.ReLU(), convolved(64, 64, WINDOW), nn.ReLU(),
            Bottleneck(64, 64), Bottleneck(64, 32),
            Bottleneck(32, 128, 2), Bottleneck(128, 128), Bottleneck(128, 256, 2), Bottleneck(256, 256),
        )  # fmt: skip
        self.out = nn.Linear(256, EMBEDDING)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.out.weight, std=1e-3)

    def known(self, sequence: Tensor) -> Tensor:
        """(b, 0): it learns everything."""
        return sequence.new_zeros(len(sequence), 0)

    def watched(self, sequence: Tensor) -> Tensor:
        """(b, 256) of the last layer's, over the slots that are used."""
        sequence = part_of(sequence) if self.training else sequence
        points = sequence[..., :51].unflatten(2, (3, 17)).transpose(1, 2)
        used = functional.max_pool1d(sequence[..., -1:].transpose(1, 2), 4, 4, ceil_mode=True)
        x = self.layers(points).mean(3)
        mean: Tensor = (x * used).sum(2) / used.sum(2).clamp(min=1)
        return mean

    def embed(self, moments: Tensor, watched: Tensor | None = None) -> Tensor:
        """Before it is given length 1."""
        made: Tensor = self.out(watched)
        return made
