"""Walks beside leads: a walk is compared with templates only while a lead of its own track waits for review.

A walk whose track no face led from is held for seconds, for the face may come later, and is then overwritten: no search, no row,
no log line. What is remembered for longer of a track with a lead is the lead's id.
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import msgspec
import numpy as np
import numpy.typing as npt

from app.contracts.biometrics import GaitEmbedding
from app.contracts.soundness import check_gait
from app.contracts.wire import WireError
from app.identity.gait.decision import judge, threshold_of
from app.identity.gait.models import GaitSupport, StandingLead, Verdict
from app.identity.templates.protection import Rotation
from app.inference.gait.placing import GAIT_MODEL
from app.inference.gait.way import with_metres
from app.kit.clock import from_us
from app.kit.postgres import Pool
from app.perception.ground import Ground
from app.pipeline import metrics
from app.pipeline.gait_repository import Template, candidates, put_support
from app.pipeline.probes import KEEP_S, Tracklet

LEADS_KEPT_S: Final = 600.0
"""A track may be looked at again for so long after its lead; longer ones were looked at often enough."""
MOST_LEADS: Final = 5_000
MOST_WALKS: Final = 5_000
WRITE_S: Final = 5.0


@dataclass(slots=True)
class Walk:
    """What was said of one track's walk; its embedding is `vector` alone, (0,) where there is none. `wipe` it after use."""

    said: GaitEmbedding
    until_s: float
    vector: npt.NDArray[np.float32] = field(repr=False)

    def wipe(self) -> None:
        """Overwrite the embedding."""
        self.vector.fill(0)


class Walks:
    """Walks that wait for a lead, and leads that wait for a walk, by track. No I/O."""

    def __init__(self) -> None:
        self._walks: OrderedDict[Tracklet, Walk] = OrderedDict()
        self._leads: OrderedDict[Tracklet, tuple[float, dict[uuid.UUID, StandingLead]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._walks)

    def hold(self, said: GaitEmbedding, moment_s: float) -> None:
        """Keep a walk for `KEEP_S`, instead of an earlier one of its track."""
        track = (said.camera_id, said.epoch, said.track_id)
        if (before := self._walks.pop(track, None)) is not None:
            before.wipe()
        bare, vector = msgspec.structs.replace(said, embedding=b""), np.array(said.embedding_array(), np.float32)
        self._walks[track] = Walk(bare, moment_s + KEEP_S, vector)
        if len(self._walks) > MOST_WALKS:
            self._walks.popitem(last=False)[1].wipe()

    def walk_of(self, track: Tracklet) -> Walk | None:
        """The walk that is held of a track."""
        return self._walks.get(track)

    def led(self, track: Tracklet, lead: StandingLead, moment_s: float) -> None:
        """A face of this track led to somebody."""
        _, leads = self._leads.pop(track, (0.0, {}))
        self._leads[track] = (moment_s + LEADS_KEPT_S, {**leads, lead.id: lead})
        if len(self._leads) > MOST_LEADS:
            self._leads.popitem(last=False)

    def leads_of(self, track: Tracklet) -> Sequence[StandingLead]:
        """The leads of a track; none for most."""
        return tuple(self._leads.get(track, (0.0, {}))[1].values())

    def forget(self, moment_s: float) -> None:
        """Let go of what was kept long enough."""
        while self._walks and (oldest := next(iter(self._walks.items())))[1].until_s <= moment_s:
            self._walks.pop(oldest[0]).wipe()
        while self._leads and (first := next(iter(self._leads.items())))[1][0] <= moment_s:
            del self._leads[first[0]]

    def clear(self) -> None:
        """Let go of everything."""
        self.forget(float("inf"))


class GaitSupports:
    """What walks say of the leads of one process.

    Args:
        rotations: a chain's open rotations; None while its gallery is not up to date.
        floors: a camera's floor in metres; None where nobody drew it.
    """

    def __init__(
        self, pool: "Pool[asyncpg.Record]", rotations: Callable[[uuid.UUID], Mapping[int, Rotation] | None],
        floors: Callable[[uuid.UUID], Ground | None] = lambda _camera: None,
    ) -> None:  # fmt: skip
        self.walks = Walks()
        self._pool, self._rotations, self._floors = pool, rotations, floors

    async def take(self, said: GaitEmbedding) -> None:
        """A walk that policy allows: hold it, and compare it where its track has a lead.

        Raises:
            WireError: nobody can work with it.
        """
        check_gait(said)
        if said.model != GAIT_MODEL:
            raise WireError("gait of another model than gait's")
        self.walks.hold(said, time.monotonic())
        track = (said.camera_id, said.epoch, said.track_id)
        for lead in self.walks.leads_of(track):
            await self._support(track, lead)

    async def led(self, track: Tracklet, lead: StandingLead) -> None:
        """A face led to somebody: what is held of that track's walk is compared."""
        self.walks.led(track, lead, time.monotonic())
        await self._support(track, lead)

    async def _support(self, track: Tracklet, lead: StandingLead) -> None:
        walk = self.walks.walk_of(track)
        rotations = self._rotations(lead.chain_id)
        if walk is None or rotations is None or walk.said.store_id != lead.store_id:
            return
        async with asyncio.timeout(WRITE_S), self._pool.acquire(timeout=WRITE_S) as connection:
            found = await candidates(connection, lead, walk.said.model, walk.said.model_version)
            made = weighed(lead, walk, found, rotations, self._floors(track[0]))
            if made is not None and await put_support(connection, track[0], made):
                metrics.gait_supports.labels(made.verdict.value).inc()


def weighed(
    lead: StandingLead, walk: Walk, found: Sequence[Template], rotations: Mapping[int, Rotation], floor: Ground | None = None
) -> GaitSupport | None:
    """What a walk says of a lead; None where the lead's entry has no template to compare: then nothing is kept. Pure.

    `floor`: of the camera; with it speed and stride are told in metres as well.
    """
    said, has_result = walk.said, len(walk.vector) > 0
    scores: dict[uuid.UUID, float] = {}
    whose = next((each.person_id for each in found if each.enrolment_id == lead.enrolment_id), None)
    for each in found:
        if each.person_id == whose and each.enrolment_id != lead.enrolment_id:
            continue  # another entry of the same person rivals nobody
        if each.rotation not in rotations or (has_result and len(each.vector) != len(walk.vector)):
            continue
        score = float(rotations[each.rotation].turn(walk.vector) @ each.vector) if has_result else 0.0
        scores[each.enrolment_id] = max(score, scores.get(each.enrolment_id, -1.0))
    if lead.enrolment_id not in scores:
        return None
    own: float | None = None
    threshold: float | None = None
    verdict, reason = Verdict.NO_RESULT, said.reason
    if has_result:
        own, threshold = min(1.0, scores[lead.enrolment_id]), threshold_of(said.model, said.model_version, len(scores))
        overall, walking = said.quality.get("overall", 0.0), said.quality.get("walking", False)
        good = float(overall) if isinstance(overall, int | float) else 0.0
        verdict, reason = judge(lead.enrolment_id, scores, threshold, good, walking=walking is True)
        threshold = 1.0 if threshold is None else threshold
    features = with_metres(said.features, said.way_array(), floor)
    return GaitSupport(
        verdict, reason, own, threshold, len(scores), said.quality, features, said.model, said.model_version,
        from_us(said.captured_at_us), lead,
    )  # fmt: skip
