"""Stream sessions as health messages make them, and the uptime that is counted from them: no outage is hidden by the return."""

from datetime import timedelta
from typing import Any

from app.alerts.reports import cameras
from app.alerts.reports.repository import Span
from app.contracts.tracked import CameraHealth, CameraState
from app.kit.clock import from_us, now, to_us
from app.pipeline.camera_repository import session_rows, statuses_rows
from app.pipeline.configuration import CameraRow, CameraSetup, set_up
from app.pipeline.pending import Status
from tests.builders import make_health
from tests.integration.pipeline.conftest import Site

LIVE, CONNECTING, RECONNECTING = CameraState.LIVE, CameraState.CONNECTING, CameraState.RECONNECTING


class History:
    """Health messages of the site's camera over the last hour, written as the pipeline's checkpoints write them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.until = now().replace(microsecond=0)
        self.since = self.until - timedelta(hours=1)
        row = CameraRow(site.camera, site.chain, site.store, True)
        self.setup: CameraSetup = set_up([row], [], [], lambda _sentence: None)[site.camera]

    def health(self, state: CameraState, minute: float, epoch: int) -> CameraHealth:
        return make_health(state, minute * 60, camera=self.site.camera, epoch=epoch, start_us=to_us(self.since))

    async def write(self, *messages: CameraHealth) -> None:
        """Each in a checkpoint of its own: sessions first, then the status."""
        async with self.site.pool.acquire() as connection:
            for each in messages:
                async with connection.transaction():
                    await session_rows(connection, [(self.setup, each)])
                    await statuses_rows(connection, [Status(self.setup, each, changed=True)])

    async def up(self) -> tuple[int, int, int]:
        """(minutes up, gaps, minutes of the longest gap) in the hour."""
        await self.site.pool.execute("UPDATE cameras SET created_at = $1", self.since)
        async with self.site.pool.acquire() as connection:
            (row,) = await cameras.uptime(connection, Span(self.since, self.until, None))  # type: ignore[arg-type]
        return round(row["up_s"] / 60), row["gaps"], round(row["longest_gap_s"] / 60)


async def test_a_worker_that_died_leaves_a_gap_from_when_it_was_last_heard_of(site: Site) -> None:
    history = History(site)
    at = history.health
    await history.write(at(LIVE, 0, 7), at(LIVE, 10, 7))  # nothing ends it: the worker is gone
    await history.write(at(LIVE, 40, 9), at(LIVE, 60, 9))
    assert await history.up() == (30, 1, 30)
    (first, second) = await site.pool.fetch("SELECT * FROM stream_sessions ORDER BY epoch")
    assert (first["ended_at"], second["ended_at"]) == (from_us(at(LIVE, 10, 7).at_us), None)


async def test_a_new_worker_that_has_no_picture_yet_hides_nothing(site: Site) -> None:
    history = History(site)
    at = history.health
    await history.write(at(LIVE, 0, 7), at(LIVE, 10, 7))
    # A new worker tries for long; it says LIVE before its first analysed picture.
    await history.write(at(CONNECTING, 20, 0), at(RECONNECTING, 30, 0), at(LIVE, 39, 0), at(LIVE, 40, 9), at(LIVE, 60, 9))
    assert await history.up() == (30, 1, 30)
    assert await site.pool.fetchval("SELECT count(*) FROM stream_sessions WHERE epoch = 0") == 0


async def test_a_camera_that_reconnects_keeps_the_gap_though_its_first_word_has_the_old_epoch(site: Site) -> None:
    history = History(site)
    at = history.health
    await history.write(at(LIVE, 0, 7), at(RECONNECTING, 20, 7), at(LIVE, 40, 7), at(LIVE, 41, 8), at(LIVE, 60, 8))
    assert await history.up() == (39, 1, 21)
    # A checkpoint whose answer was lost is written again.
    await history.write(at(RECONNECTING, 20, 7), at(LIVE, 60, 8))
    assert await history.up() == (39, 1, 21)


async def test_the_list_of_stores_reads_open_alerts_alone(site: Site) -> None:
    async with site.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")  # a table this small would be read whole

        class Explains:
            async def fetch(self, query: str, *values: object) -> list[Any]:
                return list(await connection.fetch(f"EXPLAIN {query}", *values))

        plan = "\n".join(row[0] for row in await cameras.stores(Explains()))  # type: ignore[arg-type]
    assert "alerts_open" in plan, plan
