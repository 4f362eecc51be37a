"""Live video over HTTP: who may watch is decided and recorded; a double of the relay says what it was asked (real: ../live)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.live.mediamtx import ANSWER as MEDIA_ANSWER
from tests.integration.live.mediamtx import MediaMtx
from tests.integration.service.conftest import WORKER_KEY, Product

OFFER, ANSWER = "v=0 offer", "v=0 answer"
SDP = {"Content-Type": "application/sdp"}


@dataclass
class RelayDouble:
    """Answers as `app.live.relay` does."""

    status: int = 201
    problem: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gone: bool = False

    def application(self) -> web.Application:
        async def begin(request: web.Request) -> web.Response:
            self.asked.append(await request.text())
            if self.status != 201:
                return web.json_response(self.problem, status=self.status)
            where = f"{request.path}/{uuid.uuid4()}"
            return web.Response(status=201, text=ANSWER, content_type="application/sdp", headers={"Location": where})

        async def keep(_request: web.Request) -> web.Response:
            self.asked.append("keep")
            return web.Response(status=404 if self.gone else 204)

        async def end(_request: web.Request) -> web.Response:
            self.asked.append("end")
            return web.Response(status=200)

        made = web.Application()
        made.router.add_post("/{camera}/whep", begin)
        made.router.add_post("/{camera}/whep/{view}/keep", keep)
        made.router.add_delete("/{camera}/whep/{view}", end)
        return made


@pytest.fixture
async def relay(product: Product) -> AsyncIterator[RelayDouble]:
    double = RelayDouble()
    runner = web.AppRunner(double.application())
    await runner.setup()
    path = product.settings.home / "run" / "live.sock"
    path.parent.mkdir(parents=True, exist_ok=True)
    await web.UnixSite(runner, str(path)).start()
    yield double
    await runner.cleanup()


async def rows(product: Product, camera: str, count: int) -> list[str]:
    """Acts about the camera's views, once there are `count`."""
    found: list[str] = []
    for _ in range(100):
        query = "SELECT act FROM audit_unsealed WHERE subject_id = $1::uuid AND act LIKE 'live-view%' ORDER BY id"
        found = [row["act"] for row in await product.sql(query, uuid.UUID(camera))]
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return found


async def test_a_view_is_answered_kept_recorded_and_ended(product: Product, relay: RelayDouble) -> None:
    camera = (await product.camera())["id"]
    path = f"/api/v1/live/{camera}/whep"
    async with product.session.post(
        product.base + path, data=OFFER, headers={**SDP, "Authorization": f"Bearer {product.token}"}
    ) as reply:
        assert (reply.status, await reply.text(), reply.content_type) == (201, ANSWER, "application/sdp")
        location = reply.headers["Location"]
    assert location.startswith(f"{path}/")
    for _ in range(60):
        if "keep" in relay.asked:
            break
        await asyncio.sleep(0.1)
    assert relay.asked[:2] == [OFFER, "keep"]
    assert (await product.ask("DELETE", f"{path}/{uuid.uuid4()}"))[0] == 404
    assert (await product.ask("DELETE", location))[0] == 204
    assert "end" in relay.asked
    assert await rows(product, camera, 2) == ["live-view", "live-view-ended"]
    assert (await product.ask("DELETE", location))[0] == 404


async def test_refusals_say_why_and_end_in_the_audit_too(product: Product, relay: RelayDouble) -> None:
    camera = (await product.camera())["id"]
    path = f"/api/v1/live/{camera}/whep"
    relay.status, relay.problem = 409, {"detail": "Masks.", "why": "masked"}
    status, answer = await product.ask("POST", path, data=OFFER, headers=SDP)
    assert (status, answer["detail"], answer["why"]) == (409, "Masks.", "masked")
    assert (await product.ask("POST", path, {}))[0] == 422
    relay.status = 500
    assert (await product.ask("POST", path, data=OFFER, headers=SDP))[0] == 503
    assert await rows(product, camera, 6) == ["live-view", "live-view-ended"] * 3
    assert (await product.ask("POST", f"/api/v1/live/{uuid.uuid4()}/whep", data=OFFER, headers=SDP))[0] == 404


async def test_a_view_ends_with_the_right_to_watch_and_when_the_relay_says_so(product: Product, relay: RelayDouble) -> None:
    camera = (await product.camera())["id"]
    path = f"/api/v1/live/{camera}/whep"
    assert (await product.ask("POST", path, data=OFFER, headers=SDP))[0] == 201
    relay.gone = True
    assert await rows(product, camera, 2) == ["live-view", "live-view-ended"]
    relay.gone = False
    assert (await product.ask("POST", path, data=OFFER, headers=SDP))[0] == 201
    await product.sql("UPDATE memberships SET role = 'auditor'")
    assert (await rows(product, camera, 4))[2:] == ["live-view", "live-view-ended"]
    assert "end" in relay.asked


class TestMediaMtx:
    """The same addresses where a MediaMTX relays: it knows no mask and tells nobody that a viewer went, so the service asks."""

    @pytest.fixture
    async def media(self) -> AsyncIterator[tuple[MediaMtx, str]]:
        double = MediaMtx(key="relay-key-of-this-test")
        async with TestServer(double.application()) as server:
            yield double, str(server.make_url(""))

    @pytest.fixture
    def more_settings(self, media: tuple[MediaMtx, str]) -> dict[str, Any]:
        return {"PENNYPROTECT_LIVE_URL": media[1], "PENNYPROTECT_RELAY_KEY": media[0].key}

    async def test_masks_forbid_a_view_and_end_it_and_a_session_that_is_gone_ends_too(
        self, product: Product, media: tuple[MediaMtx, str]
    ) -> None:
        double, camera = media[0], (await product.camera())["id"]
        path = f"/api/v1/live/{camera}/whep"
        assert (await product.ask("POST", path, data=OFFER, headers=SDP))[0] == 503, "MediaMTX does not know it yet"
        status, streams = await product.ask("GET", "/api/v1/workers/streams", token=WORKER_KEY)
        assert (status, streams) == (200, {"streams": [{"camera_id": camera, "url": "rtsp://user:hunter2@127.0.0.1:9/x"}]})
        assert (await product.ask("GET", "/api/v1/workers/streams"))[0] == 403, "people are not told passwords"
        double.paths[camera] = {}
        status, answer = await product.ask("POST", path, data=OFFER, headers=SDP)
        assert (status, answer) == (201, MEDIA_ANSWER.encode())
        for _ in range(200):
            if any(each.startswith("PATCH ") for each in double.asked):
                break
            await asyncio.sleep(0.1)
        assert double.sessions, "a view that is watched goes on"
        double.sessions.clear()
        assert await rows(product, camera, 4) == ["live-view", "live-view-ended"] * 2
        assert (await product.ask("POST", path, data=OFFER, headers=SDP))[0] == 201
        mask = {"name": "Till", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]}
        assert (await product.ask("POST", f"/api/v1/cameras/{camera}/masks", mask))[0] == 201
        assert await rows(product, camera, 6) == ["live-view", "live-view-ended"] * 3
        assert not double.sessions
        status, answer = await product.ask("POST", path, data=OFFER, headers=SDP)
        assert (status, answer["why"]) == (409, "masked")
