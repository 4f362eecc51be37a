"""A MediaMTX is told the cameras that the service names, whatever either of them forgets meanwhile."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.contracts.control import DesiredCamera, DesiredState
from app.kit.egress import Address, parse_policy
from app.kit.errors import UnavailableError
from app.kit.gate import EgressRefusedError, Gate, stable_addresses
from app.live.counters import paths_refused
from app.live.paths import Changes, Paths, changes, path_configuration, run
from app.settings import Settings
from app.workers.control import through_relay
from tests.integration.live.mediamtx import MediaMtx, refusal

KEY = "worker-key-of-this-test"
ONE, TWO, THREE = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
POLICY = parse_policy("private public", frozenset())


@dataclass
class ServiceDouble:
    """Answers `GET /api/v1/workers/streams` as `app.cameras.worker_endpoints` does (its own test: ../service/test_video.py)."""

    cameras: dict[str, str] = field(default_factory=dict)

    def application(self) -> web.Application:
        async def streams(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {KEY}":
                return web.Response(status=401)
            return web.json_response({"streams": [{"camera_id": name, "url": url} for name, url in self.cameras.items()]})

        made = web.Application()
        made.router.add_get("/api/v1/workers/streams", streams)
        return made


@dataclass
class Site:
    """Both, where they are reached, and what keeps them equal."""

    relay: MediaMtx
    service: ServiceDouble
    relay_url: str
    service_url: str
    paths: Paths


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    relay, service = MediaMtx(), ServiceDouble()
    async with AsyncExitStack() as stack:
        urls = []
        for double in (relay, service):
            server = await stack.enter_async_context(TestServer(double.application()))
            urls.append(str(server.make_url("")))
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)))
        yield Site(relay, service, *urls, Paths(*urls, KEY, Gate(POLICY), None, client))


def test_what_is_due_is_a_function_of_what_is_wanted_told_and_there() -> None:
    wanted = {ONE: "rtsp://new", TWO: "rtsp://b"}
    assert changes(wanted, {ONE: "rtsp://old", TWO: "rtsp://b"}, [ONE, TWO, THREE, "lobby-screen"]) == Changes(
        {ONE: "rtsp://new"}, (THREE,)
    )
    assert changes(wanted, wanted, [ONE]).put == {TWO: "rtsp://b"}
    assert changes(wanted, wanted, [ONE, TWO]) == Changes({}, ())
    assert refusal(path_configuration("rtsp://10.0.0.1/1")) == ""


async def test_cameras_come_change_go_and_come_back_after_a_restart_of_mediamtx(site: Site) -> None:
    site.relay.paths["lobby-screen"] = {"source": "rtsp://somebody/else"}
    site.service.cameras = {name: f"rtsp://user:pa%40ss@10.0.0.{number}/1" for number, name in enumerate((ONE, TWO, THREE), 1)}
    await site.paths.once()
    assert {name: site.relay.paths[name]["source"] for name in (ONE, TWO)} == {
        ONE: "rtsp://user:pa%40ss@10.0.0.1:554/1", TWO: "rtsp://user:pa%40ss@10.0.0.2:554/1",
    }  # fmt: skip
    assert site.relay.paths[ONE]["sourceOnDemand"] is True
    site.relay.asked.clear()
    await site.paths.once()
    assert all(each.startswith("GET ") for each in site.relay.asked), "nothing changed, nothing is written"
    site.service.cameras = {ONE: "rtsp://10.0.0.9/2", THREE: site.service.cameras[THREE]}
    await site.paths.once()
    assert set(site.relay.paths) == {ONE, THREE, "lobby-screen"}
    assert site.relay.paths[ONE]["source"] == "rtsp://10.0.0.9:554/2"
    site.relay.restart()
    await site.paths.once()
    assert set(site.relay.paths) == {ONE, THREE}


async def test_an_address_that_may_not_be_reached_is_not_given_to_mediamtx(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.service.cameras = {ONE: "rtsp://user:hunter2@169.254.169.254/1", TWO: "rtsps://user:hunter2@10.0.0.2/1"}
    await site.paths.once()
    await site.paths.once()
    assert {name: each["source"] for name, each in site.relay.paths.items()} == {TWO: "rtsps://user:hunter2@10.0.0.2/1"}
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err


async def test_a_path_that_mediamtx_refuses_is_passed_over_and_the_others_are_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.service.cameras = {
        ONE: "rtsp://10.0.0.1/1", TWO: "rtsp://user:hunter2@10.0.0.2/100%", THREE: "rtsp://10.0.0.3/1",
    }  # fmt: skip
    before = paths_refused.labels("path")._value.get()
    for _ in range(3):
        await site.paths.once()
    assert set(site.relay.paths) == {ONE, THREE}
    assert site.relay.asked.count(f"POST /v3/config/paths/replace/{TWO}") == 1
    assert paths_refused.labels("path")._value.get() == before + 1
    said = capsys.readouterr()
    assert ("hunter2" in said.out + said.err, (said.out + said.err).count("does not take its address")) == (False, 1)
    site.service.cameras[TWO] = "rtsp://10.0.0.2/1"
    await site.paths.once()
    assert set(site.relay.paths) == {ONE, TWO, THREE}
    site.service.cameras[TWO] = "rtsp://10.0.0.9/100%"
    await site.paths.once()
    assert set(site.relay.paths) == {ONE, THREE}, "nobody is shown where the camera was before"


async def test_a_name_server_that_fails_or_hangs_takes_no_path_away(site: Site) -> None:
    answers: dict[str, str] = {"one.example": "10.0.0.1", "two.example": "10.0.0.2"}
    hangs = threading.Event()

    def resolver(name: str) -> tuple[Address, ...]:
        if name not in answers:
            raise OSError("no address")
        if answers[name] == "hangs":
            hangs.wait(30)
        return (ip_address(answers[name]),)

    async with aiohttp.ClientSession() as client:
        paths = Paths(site.relay_url, site.service_url, KEY, Gate(POLICY, resolver), None, client, look_s=0.2)
        site.service.cameras = {ONE: "rtsp://one.example/1", TWO: "rtsp://two.example/1"}
        async with asyncio.timeout(20):
            while set(site.relay.paths) != {ONE, TWO}:  # a busy machine may be slower than a look-up may take
                await paths.once()
        told = dict(site.relay.paths)
        answers.pop("one.example")
        answers["two.example"] = "hangs"
        await paths.once()
        assert site.relay.paths == told
        site.relay.restart()
        await paths.once()
        assert site.relay.paths == told, "what was told is told again"
        another = Paths(site.relay_url, site.service_url, KEY, Gate(POLICY, resolver), None, client, look_s=0.2)
        await another.once()
        assert site.relay.paths == told, "nor does one that has just started"
        hangs.set()
    assert not any(each.startswith("DELETE") for each in site.relay.asked)


async def test_an_answer_of_mediamtx_that_cannot_be_read_is_an_outage(site: Site) -> None:
    site.relay.nonsense = True
    with pytest.raises(UnavailableError, match="is not known"):
        await site.paths.once()


def test_addresses_have_one_order_whichever_is_said_first(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["10.0.0.9", "fd00::1", "10.0.0.10"]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (each, 0)) for each in said])
    orders = []
    for _ in said:
        orders.append([str(each) for each in stable_addresses("cameras.example")])
        said.append(said.pop(0))
    assert orders == [["10.0.0.9", "10.0.0.10", "fd00::1"]] * 3


async def test_who_is_away_is_named_and_the_paths_stay(site: Site) -> None:
    site.service.cameras = {ONE: "rtsp://10.0.0.1/1"}
    await site.paths.once()
    site.relay.away = True
    with pytest.raises(UnavailableError, match="MediaMTX answers"):
        await site.paths.once()
    async with aiohttp.ClientSession() as client:
        stranger = Paths(site.relay_url, site.service_url, "another key", Gate(POLICY), None, client)
        with pytest.raises(UnavailableError, match="refuses the worker key"):
            await stranger.once()
    assert set(site.relay.paths) == {ONE}


async def test_the_role_keeps_on_through_an_outage_until_it_is_stopped(site: Site, tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        PENNYPROTECT_HOME=tmp_path,
        PENNYPROTECT_SERVICE_URL=site.service_url,
        PENNYPROTECT_WORKER_KEY=KEY,
        PENNYPROTECT_RELAY_API=site.relay_url,
    )
    site.relay.away, stop = True, asyncio.Event()
    site.service.cameras = {ONE: "rtsp://10.0.0.1/1"}
    role = asyncio.create_task(run(settings, stop))
    async with asyncio.timeout(30):
        while not site.relay.asked:
            await asyncio.sleep(0.05)
        site.relay.away = False
        while ONE not in site.relay.paths:
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(role, 10)


def test_workers_read_rtsp_cameras_at_the_relay_and_nothing_else_there() -> None:
    def camera(url: str, number: int) -> DesiredCamera:
        return DesiredCamera(uuid.UUID(int=number), uuid.UUID(int=9), url, 5.0, "yolo_pose", "1", 1, False, False, False)

    settings = Settings(_env_file=None, PENNYPROTECT_RELAY_URL="rtsp://relay:8554", PENNYPROTECT_RELAY_KEY="k/y")
    state = DesiredState("r", 10.0, [camera("RTSP://u:p@10.0.0.1/1", 1), camera("/clips/door.mp4", 2)])
    assert [each.url for each in through_relay(state, settings.relay_source).cameras] == [
        f"rtsp://pennyprotect:k%2Fy@relay:8554/{ONE}", "/clips/door.mp4",
    ]  # fmt: skip
    assert through_relay(state, "") is state
    assert "k/y" not in repr(settings)


def test_a_worker_may_read_at_its_own_relay_and_at_nothing_beside_it() -> None:
    elsewhere = parse_policy("10.9.0.0/16", frozenset())
    addresses = {"relay.svc": "10.96.0.7"}

    def resolver(name: str) -> tuple[Address, ...]:
        return (ip_address(addresses[name]),)

    own = Settings(_env_file=None, PENNYPROTECT_RELAY_URL="rtsp://relay.svc:8554").relay_places
    gate = Gate(elsewhere, resolver, own=own)
    assert gate.admit(f"rtsp://u:p@relay.svc:8554/{ONE}").url == f"rtsp://u:p@10.96.0.7:8554/{ONE}"
    for other in ("rtsp://relay.svc:8555/x", "rtsp://10.96.0.7:8554/x"):
        with pytest.raises(EgressRefusedError):
            gate.admit(other)
