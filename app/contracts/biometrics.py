"""A face or a walk seen by a camera whose store's policy allows it. Lives in memory for seconds."""

import uuid
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from app.contracts.wire import as_floats
from app.kit.decoding import one_error

LARGEST_PICTURE: Final = 65_536
"""Bytes of a head's JPEG; a larger one is left out."""

KEEP_PROBES_MS: Final = 5_000
"""Entries are trimmed to this age, and the key expires this long after its last entry: none outlives 10 s."""


class ProbeEmbedding(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """One face of one track. Stream `probes:{shard}` on the memory Redis; never on the bus, a disk or in a log.

    Fields are positional on the wire: add at the end only.

    Attributes:
        policy_revision: of the site policy under which it was made; of another revision it must not be used.
        model, model_version: of the embedding; vectors of two versions must not be compared.
        face_px: width of the face in pixels of the frame.
        quality: float32 bytes of (5,): size, sharpness, pose, light, occlusion, 0..1.
        embedding: float32 bytes of (d,), length 1.
        picture: the head as JPEG, for the review of a lead; b"" from a worker that sends none. It shares the embedding's life.
        attack: 0..1, how much this looks like a photograph or a screen held up; it warns a reviewer and decides nothing.
    """

    camera_id: uuid.UUID
    store_id: uuid.UUID
    epoch: int
    track_id: int
    captured_at_us: int
    policy_revision: int
    model: str
    model_version: str
    face_px: float
    quality: bytes
    embedding: bytes
    picture: bytes = b""
    attack: float = 0.0

    def quality_array(self) -> npt.NDArray[np.float32]:
        """(5,)."""
        return as_floats(self.quality, 5)

    def embedding_array(self) -> npt.NDArray[np.float32]:
        """(d,)."""
        return as_floats(self.embedding, -1)

    def __repr__(self) -> str:
        """Without the numbers: a message must not reach a log by accident."""
        return f"ProbeEmbedding(camera_id={self.camera_id})"


class GaitEmbedding(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """The walk of one track, as far as it was seen; in the same stream as faces, with the same short life.

    It is no probe of a list: it is compared with anybody only where a face already led to somebody (`identity.gait`).

    Fields are positional on the wire: add at the end only.

    Attributes:
        captured_at_us: of the last frame of the sequence.
        policy_revision: of the site policy under which it was made; of another revision it must not be used.
        model, model_version: of the embedding; vectors of two versions must not be compared.
        embedding: float32 bytes of (d,), length 1; b"" where `reason` says why there is none.
        quality: `inference.gait.quality.GaitQuality` by field.
        features: `inference.gait.features.GaitFeatures` by field, each name with its unit.
        way: float32 bytes of (k, 3): seconds, and x, y in shares of the picture, of where the feet were; for metres.
    """

    camera_id: uuid.UUID
    store_id: uuid.UUID
    epoch: int
    track_id: int
    captured_at_us: int
    policy_revision: int
    model: str
    model_version: str
    embedding: bytes
    quality: dict[str, float | bool | str]
    features: dict[str, float | bool | None]
    reason: str = ""
    way: bytes = b""

    def embedding_array(self) -> npt.NDArray[np.float32]:
        """(d,); (0,) where there is none."""
        return as_floats(self.embedding, -1)

    def way_array(self) -> npt.NDArray[np.float32]:
        """(k, 3)."""
        return as_floats(self.way, -1, 3)

    def __repr__(self) -> str:
        """Without the numbers: a message must not reach a log by accident."""
        return f"GaitEmbedding(camera_id={self.camera_id})"


Probe = ProbeEmbedding | GaitEmbedding

decode_probe: Callable[[bytes], Probe] = one_error(msgspec.msgpack.Decoder(Probe).decode)


def probes_stream(shard: int) -> str:
    """Memory Redis stream of Probe."""
    return f"probes:{shard:02d}"
