"""What the pipeline kept, replayed with the present setting, is what it raised; with another one, what that would have raised."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.contracts.tracked import TrackedFrame
from app.contracts.wire import FIELD, encode
from app.kit.clock import from_us, now, to_us
from app.kit.errors import BadInputError, NotFoundError
from app.kit.ids import new_id, shard_of
from app.kit.postgres import TenantScope, connect_pool
from app.pipeline.pipeline import Pipeline
from app.pipeline.reading import Batch
from app.pipeline.replay.models import Accuracy
from app.pipeline.replay.service import Wanted, replay
from tests.builders import make_tracked_frame
from tests.integration.pipeline.conftest import Site

FPS = 5.0


async def watched(site: Site, frames: list[TrackedFrame], pool: Any, *, killed_at: int = -1) -> None:
    """Frames through a pipeline on the real database; `killed_at`: another one takes over there from the last checkpoint."""
    await site.pool.execute("DELETE FROM pipelines")  # the one before is gone and shares no shards any more
    await site.pool.execute("UPDATE shard_leases SET owner = NULL, expires_at = '-infinity'")
    pipeline = Pipeline(pool, asyncio.Queue(1), ())
    await pipeline.load_configuration()
    await pipeline.keep_leases()
    shard = pipeline.shards[shard_of(site.camera)]
    begin = 0 if killed_at < 0 else int(shard.taken.frames.split("-")[0])
    for number, frame in enumerate(frames):
        if number < begin:
            if number >= begin - 30 * FPS:
                pipeline.process(Batch("frames", [(shard, [[f"{number + 1}-0".encode(), [FIELD, encode(frame)]]])]))
            continue
        pipeline.process(Batch("frames", [(shard, [[f"{number + 1}-0".encode(), [FIELD, encode(frame)]]])]))
        if number % 20 == 0:
            await pipeline.checkpoint()
        if 0 <= number == killed_at:
            return
    shard.close_series(pipeline.setups)
    await pipeline.checkpoint()


def scene(site: Site, start_us: int) -> list[TrackedFrame]:
    """Three people who stay for 10, 40 and 100 s on spots of their own, one after the other and minutes apart."""
    frames = []
    stays = ((1, 0.2, 0, 10), (2, 0.5, 100, 140), (3, 0.8, 200, 300))
    for number in range(int(340 * FPS)):
        at = number / FPS
        people = [(track, x, 0.8) for track, x, begin, end in stays if begin <= at < end]
        frames.append(make_tracked_frame(people, at, camera=site.camera, sequence=number, start_us=start_us))
    return frames


async def test_the_present_setting_tells_what_was_raised_and_another_one_what_it_would_have(site: Site) -> None:
    start = now() - timedelta(hours=1)
    await site.set_rule({"spot_dwell_s": 30.0, "spot": True})
    frames = scene(site, to_us(start))
    own = await connect_pool(site.servers.postgres.url("pennyprotect_pipeline"), role="test", largest=2)
    app = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=2)
    try:
        await watched(site, frames, own, killed_at=650)
        await watched(site, frames, own, killed_at=len(frames))
        kept = await site.pool.fetch("SELECT sum(samples) AS samples FROM rule_series")
        assert kept[0]["samples"] == sum(len(frame.track_ids) for frame in frames)
        await _compare(site, app, start, frames)
    finally:
        own.terminate()
        app.terminate()


async def _compare(site: Site, app: Any, start: Any, frames: list[TrackedFrame]) -> None:
    def asked(**parameters: Any) -> Wanted:
        end = from_us(frames[-1].captured_at_us) + timedelta(seconds=1)
        return Wanted(site.store, None, None, "loitering", {"spot_dwell_s": 30.0} | parameters, True, 30.0, start, end)

    scope = TenantScope(site.chain)
    raised = await site.alerts()
    same = await replay(app, scope, asked())
    assert (same.accuracy, same.limits, same.covered_until) == (Accuracy.EXACT, [], asked().until)
    assert same.before == same.after == (2, 2)
    assert [each.occurrence.started_us for each in same.alerts] == sorted(to_us(row["started_at"]) for row in raised)
    assert all(each.before and each.after for each in same.alerts)
    eager = await replay(app, scope, asked(spot_dwell_s=5.0))
    assert (eager.before[0], eager.after[0]) == (2, 3)
    assert [(each.before, each.after) for each in eager.alerts] == [(False, True), (True, True), (True, True)]
    patient = await replay(app, scope, asked(spot_dwell_s=60.0))
    assert (patient.after[0], sum(cell.before for cell in patient.cells), sum(cell.after for cell in patient.cells)) == (1, 2, 1)
    with pytest.raises(BadInputError, match="cannot be used"):
        await replay(app, scope, asked(spot_dwell_s=-1))
    with pytest.raises(NotFoundError):
        await replay(app, TenantScope(new_id()), asked())
