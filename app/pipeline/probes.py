"""Faces of one tracklet after the other: which may be looked at, what is remembered of them and for how long. No I/O.

A vector and a picture live here for `KEEP_S` after their frame at most, and are overwritten when they go.
"""

import enum
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from app.contracts.biometrics import GaitEmbedding, Probe, ProbeEmbedding
from app.contracts.soundness import is_unit
from app.identity.decision.fusion import MOST_SHOTS, Lead, Shot, Unknown, decide, fused, kept
from app.identity.decision.thresholds import Thresholds
from app.identity.gallery.held import ChainGallery
from app.inference.gait.placing import GAIT_MODEL
from app.pipeline.configuration import CameraSetup

KEEP_S: Final = 10.0
OLDEST_US: Final = 10_000_000
FUTURE_US: Final = 5_000_000
MOST_TRACKLETS: Final = 5_000
Tracklet = tuple[uuid.UUID, int, int]
"""Camera, epoch, track id."""


class Dropped(enum.StrEnum):
    """Why a face was not looked at."""

    POISON = "poison"
    UNKNOWN_CAMERA = "unknown-camera"
    POLICY = "policy"
    SUSPENDED = "suspended"
    LATE = "late"
    NO_GALLERY = "no-gallery"
    NO_LIST = "no-list"
    MODEL_VERSION = "model-version"


@dataclass(slots=True)
class Seen:
    """What is remembered of a tracklet: vectors and pictures by capture time, shots, and whom it was already a lead to.

    Attributes:
        model: name and version that it was compared under.
        top: the best fused score of anybody after any shot, for each of them may become a lead; `templates`: how many it was
            compared with at most.
    """

    until_s: float
    shots: list[Shot] = field(default_factory=list)
    vectors: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict)
    pictures: dict[int, bytearray] = field(default_factory=dict)
    told: set[uuid.UUID] = field(default_factory=set)
    model: tuple[str, str] = ("", "")
    top: float = -1.0
    templates: int = 0

    def keep(self, probe: ProbeEmbedding) -> None:
        """Hold the picture of a shot as long as its vector."""
        if probe.captured_at_us in self.vectors and probe.picture:
            self.pictures[probe.captured_at_us] = bytearray(probe.picture)
        self._drop_pictures()

    def drop_older(self, than_us: int) -> None:
        """Let go of shots of a track that goes on: nothing of a face is held longer than its time."""
        for gone in [captured for captured in self.vectors if captured < than_us]:
            self.vectors.pop(gone)[:] = 0
        self.shots = [shot for shot in self.shots if shot.captured_at_us in self.vectors]
        self._drop_pictures()

    def under(self, model: tuple[str, str]) -> None:
        """What another model version said of earlier shots compares with nothing of this one: it goes."""
        if self.model != model:
            self.wipe()
            self.model, self.top, self.templates = model, -1.0, 0

    def _drop_pictures(self) -> None:
        for gone in self.pictures.keys() - self.vectors.keys():
            _wipe(self.pictures.pop(gone))

    def wipe(self) -> None:
        """Overwrite vectors and pictures."""
        for picture in self.pictures.values():
            _wipe(picture)
        self.pictures.clear()
        for vector in self.vectors.values():
            vector[:] = 0
        self.vectors.clear()
        self.shots.clear()


def refusal(probe: Probe, setups: Mapping[uuid.UUID, CameraSetup], now_us: int) -> Dropped | None:
    """Why this face or walk may not be looked at, before any gallery is asked."""
    setup = setups.get(probe.camera_id)
    if setup is None or not setup.enabled or setup.store_id != probe.store_id:
        return Dropped.UNKNOWN_CAMERA
    if not setup.policy.takes("gait" if isinstance(probe, GaitEmbedding) else "face", probe.policy_revision):
        return Dropped.POLICY
    if not now_us - OLDEST_US <= probe.captured_at_us <= now_us + FUTURE_US:
        return Dropped.LATE
    return None


class Tracklets:
    """The tracklets of this process's cameras."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Tracklet, Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def of(self, tracklet: Tracklet, moment_s: float) -> Seen:
        """What is known of a tracklet; it is kept for another `KEEP_S`."""
        seen = self._seen.setdefault(tracklet, Seen(0.0))
        seen.until_s = moment_s + KEEP_S
        self._seen.move_to_end(tracklet)
        if len(self._seen) > MOST_TRACKLETS:
            self._seen.popitem(last=False)[1].wipe()
        return seen

    def forget(self, moment_s: float) -> list[tuple[Tracklet, Seen]]:
        """Let go of what was kept long enough; what is returned was wiped."""
        gone = []
        while self._seen:
            tracklet, seen = next(iter(self._seen.items()))
            if seen.until_s > moment_s:
                break
            del self._seen[tracklet]
            seen.wipe()
            gone.append((tracklet, seen))
        return gone

    def clear(self) -> None:
        """Let go of everything."""
        for seen in self._seen.values():
            seen.wipe()
        self._seen.clear()


def consider(
    probe: ProbeEmbedding, seen: Seen, gallery: ChainGallery, thresholds: Thresholds, now: datetime
) -> Lead | Unknown | Dropped:
    """Look at one more face of a tracklet. CPU work: call it in a thread.

    Scores are kept for every enrolment that any shot of the tracklet brought up, and those that end meanwhile count no more.
    """
    model, version = probe.model, probe.model_version
    if model == GAIT_MODEL:  # whoever sends a walk as a face: gait leads to nobody
        return Dropped.POISON
    seen.drop_older(int(now.timestamp() * 1e6) - OLDEST_US)
    if probe.store_id in gallery.rules.suspended or probe.camera_id in gallery.rules.suspended:
        return Dropped.SUSPENDED
    lists = gallery.rules.lists(probe.store_id, now)
    if not lists:
        return Dropped.NO_LIST
    measured = {each: thresholds.measured(model, version, size) for each in lists if (size := gallery.size(each, model, version))}
    if not measured or not thresholds.is_comparable(model, version):
        return Dropped.MODEL_VERSION
    vector = np.array(probe.embedding_array(), np.float32)
    if not is_unit(vector):
        return Dropped.POISON
    seen.under((model, version))
    found = gallery.look(model, version, vector, measured)
    quality = float(probe.quality_array().min())
    fresh = Shot(probe.captured_at_us, quality, gallery.by_enrolment(found, now))
    seen.vectors[probe.captured_at_us] = vector
    seen.shots = kept(seen.shots, fresh)
    profiles = _profiles(gallery, seen, found)
    scored = []
    for shot in seen.shots:
        scores = gallery.score(model, version, seen.vectors[shot.captured_at_us], measured, profiles)
        scored.append(Shot(shot.captured_at_us, shot.quality, gallery.by_enrolment(scores, now)))
    seen.shots = scored
    seen.top = max(seen.top, *fused(scored).values(), -1.0)
    seen.templates = max(seen.templates, sum(gallery.size(each, model, version) for each in measured))
    for gone in seen.vectors.keys() - {shot.captured_at_us for shot in scored}:
        seen.vectors.pop(gone)[:] = 0
    return decide(scored, gallery.candidates(profiles, probe.store_id, model, version, measured))


def _wipe(picture: bytearray) -> None:
    picture[:] = bytes(len(picture))


def _profiles(gallery: ChainGallery, seen: Seen, found: Mapping[uuid.UUID, float]) -> list[uuid.UUID]:
    """Templates to score in every shot: what this one brought up and what those before did."""
    before = {enrolment for shot in seen.shots for enrolment in shot.scores}
    enrolments = before | {entry.enrolment_id for each in found if (entry := gallery.entries.get(each)) is not None}
    return gallery.profiles_of(sorted(enrolments))[: MOST_SHOTS * 64]
