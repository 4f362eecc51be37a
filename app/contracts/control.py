"""The workers' control plane: a heartbeat up, the revisioned desired state down. JSON over `POST /api/v1/workers/heartbeat`."""

import uuid

import msgspec

HEARTBEAT_S = 2.0
LEASE_S = 10.0
BIOMETRICS_STOP_S = 4.0
"""Without a renewed desired state for this long a worker stops face and gait."""


class Heartbeat(msgspec.Struct, frozen=True):
    """What a worker says every 2 s.

    Attributes:
        capacity: cameras it is willing to run.
        running: cameras it runs now.
        revision: revision of the desired state it obeys, "" at first.
    """

    worker_id: uuid.UUID
    host: str
    kind: str
    capacity: int
    running: list[uuid.UUID]
    revision: str


class DesiredCamera(msgspec.Struct, frozen=True):
    """One camera this worker holds a lease on.

    Attributes:
        url: with credentials; never log it (`kit.logs.redact`).
        analysis_fps: frames a second to analyse at most.
        face, gait, re_identification: what may be computed; nothing after `BIOMETRICS_STOP_S` without a renewal.
        policy_revision: of the site policy that says so; messages carry it.
        masks: polygons in 0..1 of the picture, blackened right after decoding.
        shadow_version: asked about some of the frames, too, and compared; nothing it answers has an effect. "" for none.
        face_version: of `face_embedding`.
    """

    camera_id: uuid.UUID
    store_id: uuid.UUID
    url: str
    analysis_fps: float
    pose_model: str
    pose_version: str
    policy_revision: int
    face: bool
    gait: bool
    re_identification: bool = False
    masks: list[list[tuple[float, float]]] = []
    shadow_version: str = ""
    face_version: str = "1"


class Recording(msgspec.Struct, frozen=True):
    """A piece of evidence to cut from a camera's packet ring, once its end has passed.

    Attributes:
        type: "clip", "playback" (both MP4) or "still" (JPEG of the moment, with boxes).
        from_us, to_us, moment_us: microseconds since 1970 UTC on the clock of `captured_at`.
    """

    evidence_id: uuid.UUID
    camera_id: uuid.UUID
    type: str
    from_us: int
    to_us: int
    moment_us: int


class RelayedStream(msgspec.Struct, frozen=True):
    """A camera that a relay beside the workers pulls.

    Attributes:
        url: its own address, with credentials.
    """

    camera_id: uuid.UUID
    url: str


class DesiredState(msgspec.Struct, frozen=True):
    """All a worker should be doing. It stops what is not named here.

    Attributes:
        revision: opaque; changes when anything here changes.
        lease_s: seconds this grant holds; without a renewal the worker stops its cameras when it runs out.
        recordings: what to cut of these cameras; one that is no longer named is stored, or given up.
    """

    revision: str
    lease_s: float
    cameras: list[DesiredCamera]
    recordings: list[Recording] = []


class UploadWish(msgspec.Struct, frozen=True):
    """What a worker wants to upload: `POST /api/v1/workers/evidence/{id}/upload`.

    Attributes:
        size, sha256: bytes, and hexadecimal digest, of exactly what will be sent.
        from_us, to_us: what was really recorded.
        masked: whether it went through the camera's privacy masks.
        boxes: who was where, at the rate of analysis: boxes only, never keypoints.
    """

    size: int
    sha256: str
    media_type: str
    from_us: int
    to_us: int
    masked: bool
    boxes: "list[Seen]" = []


class Seen(msgspec.Struct, frozen=True):
    """The boxes of one analysed frame.

    Attributes:
        at_ms: milliseconds since the recording's first picture; may be negative for the last one before it.
        persons: [track id as text, x1, y1, x2, y2] in 0..1 of the picture.
    """

    at_ms: int
    persons: list[tuple[str, float, float, float, float]]


class UploadGrant(msgspec.Struct, frozen=True):
    """Where to PUT it, with which headers."""

    url: str
    headers: dict[str, str]
