"""The gait network: temporal convolutions, attention pooling and second moments of a grid of keypoints; 128 numbers."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from app.inference.gait.sequence import CHANNELS
from benchmarks.gait_people import LATENT

EMBEDDING = 128
BONES: list[tuple[list[int], list[int]]] = [
    ([5], [7]), ([7], [9]), ([6], [8]), ([8], [10]), ([11], [13]), ([13], [15]), ([12], [14]), ([14], [16]), ([5], [6]),
    ([11], [12]), ([5, 6], [11, 12]), ([0], [5, 6]), ([3], [5, 6]), ([4], [5, 6]), ([13], [14]), ([15], [16]),
]  # fmt: skip
"""Ends of limbs, and of what lies between both sides; of two points their middle."""


def limbs(sequence: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """(b, slots, 3 x BONES) x, y and length in the picture of each bone, 0 where an end was not seen; and where both were."""
    x, y, seen = sequence[..., :17], sequence[..., 17:34], sequence[..., 34:51]
    whole = 1 - torch.clamp((seen < 0.02).to(sequence.dtype) @ ends.abs(), max=1.0).ceil()
    across, up = (x @ ends) * whole, (y @ ends) * whole
    return torch.cat([across, up, (across * across + up * up + 1e-6).sqrt() * whole], -1), whole


class Moments(nn.Module):
    """(b, slots, CHANNELS) to (b, size): how bones lie on average, how they vary together, and with one another's movement.

    Second moments of what is seen in the picture are what a camera leaves of lengths and angles in space.
    """

    def __init__(self) -> None:
        super().__init__()
        count = 2 * len(BONES)
        self.size = count + count * (count + 1) // 2 + count * count + 2 * len(BONES)
        rows, columns = torch.tril_indices(count, count)
        self.register_buffer("pick", rows * count + columns)

    def forward(self, bones: Tensor, whole: Tensor) -> Tensor:
        plane, length = bones[..., : 2 * len(BONES)], bones[..., 2 * len(BONES) :]
        seen = torch.cat([whole, whole], -1)
        pairs = seen.transpose(1, 2) @ seen + 1.0
        mean = plane.sum(1) / (seen.sum(1) + 1)
        second = (plane.transpose(1, 2) @ plane) / pairs
        both = seen[:, 1:] * seen[:, :-1]
        moved = (plane[:, 1:] - plane[:, :-1]) * both
        cross = (plane[:, 1:].transpose(1, 2) @ moved) / pairs * 4
        count = whole.sum(1) + 1
        most = (length**6).sum(1).div(count).clamp(min=1e-8) ** (1 / 6)
        parts = [mean, second.flatten(1)[:, self.pick], cross.flatten(1), length.sum(1) / count, most]
        return torch.cat(parts, 1)


class Embedder(nn.Module, ABC):
    """What `train` teaches: (b, slots, CHANNELS) to (b, EMBEDDING) of length 1, in parts that are computed apart in training."""

    @abstractmethod
    def known(self, sequence: Tensor) -> Tensor:
        """(b, some): nothing in it is learned, so it is computed once."""

    @abstractmethod
    def watched(self, sequence: Tensor) -> Tensor:
        """(b, some): what layers over time make of the sequence."""

    @abstractmethod
    def embed(self, moments: Tensor, watched: Tensor | None = None) -> Tensor:
        """(b, EMBEDDING) of both, before it is given length 1."""

    def forward(self, sequence: Tensor) -> Tensor:
        return functional.normalize(self.embed(self.known(sequence), self.watched(sequence)), dim=1)


class GaitNetwork(Embedder):
    """(b, slots, CHANNELS) to (b, EMBEDDING): moments through a small network, and temporal convolutions with attention pooling.

    The convolutions are added to what the moments say, from nothing: the moments can be learned first, at a fraction of the cost.
    """

    def __init__(self, width: int = 64, wide: int = 320) -> None:
        super().__init__()
        ends = torch.zeros(17, len(BONES))
        for bone, (start, end) in enumerate(BONES):
            ends[start, bone], ends[end, bone] = -1 / len(start), 1 / len(end)
        self.register_buffer("ends", ends)
        self.moments = Moments()
        self.standard = nn.BatchNorm1d(self.moments.size)
        self.first = nn.Linear(self.moments.size, wide)
        inputs = CHANNELS + 3 * len(BONES)
        self.stem = nn.Sequential(nn.Conv1d(inputs, width, 5, 2, 2, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.time = nn.Sequential(nn.Conv1d(width, width, 3, padding=2, dilation=2, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.attention = nn.Conv1d(width, width, 1)
        self.join = nn.Linear(2 * width, wide)
        nn.init.zeros_(self.join.weight)
        nn.init.zeros_(self.join.bias)
        self.second = nn.Sequential(nn.BatchNorm1d(wide), nn.ReLU(), nn.Dropout(0.1), nn.Linear(wide, wide))
        self.third = nn.Sequential(nn.BatchNorm1d(wide), nn.ReLU(), nn.Dropout(0.1), nn.Linear(wide, wide))
        self.out = nn.Sequential(nn.BatchNorm1d(wide), nn.ReLU(), nn.Linear(wide, EMBEDDING))

    def known(self, sequence: Tensor) -> Tensor:
        """(b, moments): nothing in it is learned."""
        made: Tensor = self.moments(*limbs(sequence, self.ends))
        return made

    def watched(self, sequence: Tensor) -> Tensor:
        """(b, wide): what convolutions over time find, pooled by attention."""
        bones, _ = limbs(sequence, self.ends)
        x = torch.cat([sequence, bones], 2).transpose(1, 2)
        near = functional.max_pool1d(sequence[..., -1:].transpose(1, 2), 2, 2)
        x = self.stem(x) * near
        x = (x + self.time(x)) * near
        weight = torch.softmax(self.attention(x) - 1e4 * (1 - near), dim=2)
        mean = (weight * x).sum(2)
        spread = ((weight * x * x).sum(2) - mean * mean).clamp(min=1e-4).sqrt()
        made: Tensor = self.join(torch.cat([mean, spread], 1))
        return made

    def embed(self, moments: Tensor, watched: Tensor | None = None) -> Tensor:
        """Before it is given length 1. `watched`: of `watched`, where that is used."""
        y = self.first(self.standard(moments).clamp(-5, 5))
        y = y if watched is None else y + watched
        y = y + self.second(y)
        y = y + self.third(y)
        made: Tensor = self.out(y)
        return made


class Guess(nn.Module):
    """From the embedding to the build and style that were drawn: a second task, used in training alone."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(EMBEDDING, LATENT)

    def forward(self, embedding: Tensor) -> Tensor:
        made: Tensor = self.line(embedding)
        return made


def contrast(embedding: Tensor, who: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al., 2020, eq. 2) of (b, d) of length 1."""
    scores = embedding @ embedding.T / temperature
    own = torch.eye(len(who), dtype=torch.bool)
    scores = scores.masked_fill(own, -1e9)
    chance = scores - torch.logsumexp(scores, 1, keepdim=True)
    same = (who[:, None] == who[None]) & ~own
    return -(chance * same).sum(1).div(same.sum(1)).mean()
