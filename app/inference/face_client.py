"""Faces in a picture, asked of a Triton server: the one way the product calls the face models."""

import asyncio
from dataclasses import dataclass
from typing import Final

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferInput, InferRequestedOutput, aio
from tritonclient.utils import InferenceServerException

from app.inference.loading import NotLoadedError, says_not_loaded
from app.kit.errors import BadInputError, UnavailableError
from app.settings.models import face_version

Float32 = npt.NDArray[np.float32]
FACE_MODEL: Final = "face_embedding"
FACE_VERSION: Final = str(face_version())
"""Of triton_models/models.lock.toml, or the operator's own (`own_faces`).

An embedding says both and is compared with its own kind only.
"""

_OUTPUTS = ("boxes", "points", "quality", "embedding")
_NOT_NOW = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED", "NOT_FOUND")


@dataclass(frozen=True, slots=True)
class FaceAnswer:
    """n faces of one picture, best first, in its pixels.

    Attributes:
        boxes: (n, 5) x1 y1 x2 y2 score.
        points: (n, 4, 2) eyes (left of the picture first), nose, mouth.
        quality: (n, 5) in the order of `faces.quality.PARTS`.
        embeddings: (n, d) of length 1.
    """

    boxes: Float32
    points: Float32
    quality: Float32
    embeddings: Float32

    def __len__(self) -> int:
        return len(self.boxes)


class TritonFaces:
    """The face pipeline at a Triton server. Use from one event loop; `close` when done.

    Pictures travel inline: a crop of a head is some hundred kilobytes at most, and shared memory would have to be
    wiped of faces afterwards.
    """

    def __init__(self, url: str, version: str = "", deadline_s: float = 2.0) -> None:
        self._url, self._version, self._deadline_s = url, version, deadline_s
        self._client = aio.InferenceServerClient(url)

    async def find(self, picture: npt.NDArray[np.uint8], most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        """Up to `most` faces of an (h, w, 3) RGB picture, embedded by this version of `face_embedding`.

        Raises:
            UnavailableError: no server, no such model loaded, or no answer in time.
            BadInputError: the model refuses this picture.
        """
        tensors = [InferInput("picture", list(picture.shape), "UINT8"), InferInput("most", [1], "INT32")]
        tensors[0].set_data_from_numpy(np.ascontiguousarray(picture))
        tensors[1].set_data_from_numpy(np.array([most], np.int32))
        if version != FACE_VERSION:  # a Triton that was started by an older release knows no other
            tensors.append(InferInput("version", [1], "INT32"))
            tensors[2].set_data_from_numpy(np.array([int(version)], np.int32))
        try:
            async with asyncio.timeout(self._deadline_s + 0.2):
                result = await self._client.infer(
                    "face_pipeline",
                    tensors,
                    self._version,
                    outputs=[InferRequestedOutput(name) for name in _OUTPUTS],
                    client_timeout=self._deadline_s,
                )
            boxes, points, quality, embeddings = (np.asarray(result.as_numpy(name), np.float32) for name in _OUTPUTS)
        except TimeoutError as error:
            raise UnavailableError(f"Triton at {self._url} gave no faces within {self._deadline_s:g} s.") from error
        except (InferenceServerException, grpc.RpcError) as error:
            status = str(error.status() if isinstance(error, InferenceServerException) else error.args)
            if says_not_loaded(error):
                raise NotLoadedError(f"Triton at {self._url} does not serve faces now.") from error
            if any(word in status for word in _NOT_NOW):
                raise UnavailableError(f"Triton at {self._url} does not serve faces now.") from error
            raise BadInputError(f"The face model refused this picture: {str(error)[:200]}") from error
        return FaceAnswer(boxes.reshape(-1, 5), points.reshape(-1, 4, 2), quality.reshape(-1, 5), embeddings)

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()
