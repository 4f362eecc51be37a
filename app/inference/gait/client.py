"""Gait embeddings, asked of a Triton server: the one way the product calls the gait model."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferInput, InferRequestedOutput, aio
from tritonclient.utils import InferenceServerException

from app.inference.gait.features import Float64, GaitFeatures, features
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION
from app.inference.gait.quality import GaitQuality, Unfit, quality, unfit
from app.inference.gait.sequence import RATE_HZ, SLOTS, Float32, network_input
from app.inference.loading import NotLoadedError, says_not_loaded
from app.kit.errors import BadInputError, UnavailableError

MOST_SEQUENCES = 16
_NOT_NOW = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED", "NOT_FOUND")


@dataclass(frozen=True, slots=True)
class PoseSequence:
    """What the pose model said of one track.

    Attributes:
        keypoints: (n, 17, 3) x, y pixels, score, in the order of `app.perception.keypoints`.
        times_s: (n,) rising seconds, of any origin.
        to_floor: (3, 3) pixels to metres of the floor, where the camera has it.
    """

    keypoints: npt.NDArray[np.floating]
    times_s: npt.NDArray[np.floating]
    to_floor: Float64 | None = None


@dataclass(frozen=True, slots=True)
class GaitResult:
    """What one sequence gives: (128,) embedding of length 1, its quality, and features with units."""

    embedding: Float32
    quality: GaitQuality
    features: GaitFeatures
    model: str
    version: str


def stacked(sequences: Sequence[PoseSequence]) -> Float32:
    """(b, SLOTS, CHANNELS) network input of sequences of different lengths; of each its last 8 s count."""
    cut = []
    for each in sequences:
        times = np.asarray(each.times_s, np.float64)
        recent = times > times[-1] - SLOTS / RATE_HZ
        cut.append((np.asarray(each.keypoints, np.float32)[recent], (times[recent] - times[-1]).astype(np.float32)))
    longest = max(len(times) for _, times in cut)
    points = np.zeros((len(cut), longest, 17, 3), np.float32)
    times_s, present = np.zeros((len(cut), longest), np.float32), np.zeros((len(cut), longest), np.bool_)
    for row, (keypoints, times) in enumerate(cut):
        points[row, : len(times)], times_s[row, : len(times)], present[row, : len(times)] = keypoints, times, True
    return network_input(points, times_s, present)


def _arrays(sequence: PoseSequence) -> tuple[Float64, Float64]:
    return np.asarray(sequence.keypoints, np.float64), np.asarray(sequence.times_s, np.float64)


def _told(sequence: PoseSequence) -> tuple[GaitFeatures, GaitQuality]:
    points, times = _arrays(sequence)
    found = features(points, times, sequence.to_floor)
    return found, quality(points, times, found)


class TritonGait:
    """The gait model at a Triton server. Use from one event loop; `close` when done."""

    def __init__(self, url: str, model: str = GAIT_MODEL, version: str = GAIT_VERSION, deadline_s: float = 1.0) -> None:
        self._url, self._model, self._version, self._deadline_s = url, model, version, deadline_s
        self._client = aio.InferenceServerClient(url)

    async def look(self, sequences: Sequence[PoseSequence]) -> list[GaitResult | Unfit]:
        """A result, or why there is none, of each of at most MOST_SEQUENCES sequences.

        Raises:
            UnavailableError: no server, no such model loaded, or no answer in time.
            BadInputError: too many sequences, or the model refuses them.
        """
        if len(sequences) > MOST_SEQUENCES:
            raise BadInputError(f"At most {MOST_SEQUENCES} sequences go in one request.")
        results: list[GaitResult | Unfit | None] = [unfit(*_arrays(each)) for each in sequences]
        fit = [index for index, reason in enumerate(results) if reason is None]
        if fit:
            # In threads: tens of milliseconds of numpy, in loops that also drive cameras.
            batch = await asyncio.to_thread(stacked, [sequences[index] for index in fit])
            vectors = await self.embed(batch)
            told = await asyncio.to_thread(lambda: [_told(sequences[index]) for index in fit])
            for index, vector, (found, good) in zip(fit, vectors, told, strict=True):
                results[index] = GaitResult(vector, good, found, self._model, self._version)
        return [result for result in results if result is not None]

    async def embed(self, batch: Float32) -> Float32:
        """(b, 128) of length 1, of (b, SLOTS, CHANNELS) network input. Errors as of `look`."""
        tensor = InferInput("sequence", list(batch.shape), "FP32")
        tensor.set_data_from_numpy(batch)
        wanted = [InferRequestedOutput("embedding")]
        try:
            async with asyncio.timeout(self._deadline_s + 0.2):
                result = await self._client.infer(
                    self._model, [tensor], self._version, outputs=wanted, client_timeout=self._deadline_s
                )
            return np.asarray(result.as_numpy("embedding"), np.float32)
        except TimeoutError as error:
            raise UnavailableError(f"Triton at {self._url} gave no gait within {self._deadline_s:g} s.") from error
        except (InferenceServerException, grpc.RpcError) as error:
            status = str(error.status() if isinstance(error, InferenceServerException) else error.args)
            if says_not_loaded(error):
                raise NotLoadedError(f"Triton at {self._url} does not serve gait now.") from error
            if any(word in status for word in _NOT_NOW):
                raise UnavailableError(f"Triton at {self._url} does not serve gait now.") from error
            raise BadInputError(f"The gait model refused this: {str(error)[:200]}") from error

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()
