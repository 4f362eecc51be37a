"""The way out over HTTPS: small requests over a thin line, again where it may help, never where it does not."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.contracts.live import WatchedPicture
from app.kit.errors import SetupError
from app.settings import Settings
from app.workers import posting
from app.workers.emitter import RedisEmitter
from app.workers.outlets import LEAST_BYTES, Parcel
from app.workers.posting import DURABLE_AT_ONCE, MOST_BYTES, PostedOutlet, Poster, PostingEmitter, make_emitter
from tests.builders import CAMERA, make_health

KEY = "a-key-of-these-tests"
Answers = Callable[[list[Any]], web.Response]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine under load takes no batch for lost."""
    for module in ("outlets", "posting"):
        monkeypatch.setattr(f"app.workers.{module}.SEND_TIMEOUT_S", 60.0)


class Service:
    """Keeps what is posted; `answer` says what becomes of a batch, `line` how long one of so many bytes takes."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.sizes: list[int] = []
        self.tried = 0
        self.status = 200
        self.refused, self.watched = 0, list[str]()
        self.line: Callable[[int], float] = lambda _size: 0.0
        self.body: bytes | None = None

    async def post(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        raw = await request.read()
        self.tried += 1
        await asyncio.sleep(self.line(len(raw)))
        if self.status != 200:
            return web.Response(status=self.status, headers={"Location": "https://elsewhere.example/"})
        self.batches.append(msgspec.msgpack.decode(raw))
        self.sizes.append(len(raw))
        if self.body is not None:
            return web.Response(body=self.body)
        return web.json_response({"accepted": 1, "repeated": 0, "refused": self.refused, "watched": self.watched})

    @property
    def heard(self) -> list[Any]:
        return [each for batch in self.batches for each in batch]


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[Poster]:
    """The service on a port, and a poster to it."""
    app = web.Application(client_max_size=16 << 20)
    app.router.add_post("/api/v1/ingest/messages", service.post)
    async with TestServer(app) as server:
        poster = Poster(str(server.make_url("/")), KEY)
        try:
            yield poster
        finally:
            await poster.close()


def outlet_to(poster: Poster, bound: int = 4096, **more: Any) -> tuple[PostedOutlet, list[int]]:
    dropped: list[int] = []
    return PostedOutlet("test", poster, bound, dropped.append, **more), dropped


def parcel(number: int, size: int = 0) -> Parcel:
    return Parcel(msgspec.msgpack.encode([number, bytes(size)]))


@asynccontextmanager
async def running(outlet: PostedOutlet) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(outlet.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def test_everything_arrives_once_and_in_order_in_few_requests() -> None:
    service = Service()
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster)
        for number in range(600):
            outlet.offer(parcel(number))
        async with running(outlet):
            await until(lambda: outlet.sent == 600)
    assert [each[0] for each in service.heard] == list(range(600))
    assert [len(batch) for batch in service.batches] == [256, 256, 88]
    assert dropped == []


async def test_a_request_is_bounded_by_bytes_and_its_first_message_goes_whatever_its_size() -> None:
    service = Service()
    async with served(service) as poster:
        outlet, _ = outlet_to(poster)
        for number, size in enumerate([50_000, 50_000, 50_000, 500_000, 10, 10]):
            outlet.offer(parcel(number, size))
        async with running(outlet):
            await until(lambda: outlet.sent == 6)
    assert [[each[0] for each in batch] for batch in service.batches] == [[0, 1], [2], [3], [4, 5]]
    assert [size > MOST_BYTES for size in service.sizes] == [False, False, True, False]


async def test_over_a_thin_line_batches_shrink_until_they_get_through_and_grow_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.workers.outlets.SEND_TIMEOUT_S", 0.5)
    service = Service()
    service.line = lambda size: 20.0 if size > 20_000 else 0.0
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster)
        for number in range(200):
            outlet.offer(parcel(number, 1000))
        async with running(outlet):
            await until(lambda: outlet.sent > 100, 60)
            service.line = lambda _size: 0.0
            await until(lambda: outlet.sent == 200, 60)
            for number in range(200, 500):
                outlet.offer(parcel(number, 1000))
            await until(lambda: outlet.sent == 500, 60)
    numbers = [each[0] for each in service.heard]
    assert sorted(set(numbers)) == list(range(500))  # one that was cut off may have arrived all the same
    assert dropped == []
    assert max(service.sizes) > 20_000


async def test_an_outage_does_not_make_what_follows_slow_and_a_line_that_is_thin_is_not_tried_in_vain() -> None:
    service = Service()
    async with served(service) as poster:
        outlet, _ = outlet_to(poster)

        async def send(status: int) -> int:
            """The bound of the next batch."""
            service.status = status
            outlet.offer(parcel(1))
            assert await outlet._send_batch() == (status == 200)
            return outlet._bytes

        for _ in range(20):
            await send(503)
        assert [await send(200) for _ in range(5)] == [4096, 8192, 16384, 32768, MOST_BYTES // 2]
        assert await send(200) == MOST_BYTES // 2 * 9 // 8
        for _ in range(20):
            await send(200)
        assert outlet._bytes == MOST_BYTES


async def test_an_outage_makes_no_batch_smaller_than_the_least() -> None:
    outlet, _ = outlet_to(Poster("http://127.0.0.1:1", KEY))
    for number in range(100):
        outlet.offer(parcel(number, 100))
    for _ in range(20):
        assert not await outlet._send_batch()
    assert outlet._bytes == LEAST_BYTES
    assert len(outlet) == 100
    assert outlet._problem == "the server does not answer"
    assert outlet._problem == "the server does not answer"
    await outlet._poster.close()


async def test_a_picture_that_did_not_arrive_is_dropped_and_states_wait() -> None:
    counted: list[tuple[str, int]] = []
    emitter = PostingEmitter(Poster("http://127.0.0.1:1", KEY), lambda name, number: counted.append((name, number)))
    emitter.picture(CAMERA, 1, b"\xff\xd8")
    emitter.health(make_health())
    for outlet in (emitter.pictures, emitter.durable):
        assert not await outlet._send_batch()
    assert (len(emitter.pictures), len(emitter.durable), counted) == (0, 1, [("pictures", 1)])
    await emitter.close()


async def test_the_pause_between_requests_is_none_of_the_time_that_one_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.workers.outlets.SEND_TIMEOUT_S", 10.0)
    monkeypatch.setattr(PostedOutlet, "gather_s", 60.0)
    service = Service()
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster)
        outlet.offer(parcel(1))
        began = time.monotonic()
        async with running(outlet):
            await until(lambda: outlet.sent == 1)
            outlet.offer(parcel(2))  # goes once it stops, at the latest
        assert time.monotonic() - began < 50  # nor does stopping wait for it
    assert [each[0] for each in service.heard] == [1, 2]
    assert dropped == []


@pytest.mark.parametrize("status", [400, 404, 405, 413, 422])
async def test_a_final_answer_costs_the_batch_and_what_follows_goes(status: int) -> None:
    service = Service()
    service.status = status
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster)
        with structlog.testing.capture_logs() as told:
            async with running(outlet):
                for number in range(3):
                    outlet.offer(parcel(number))
                    await until(lambda sent=number + 1: outlet.sent == sent)  # type: ignore[misc]
                service.status = 200
                outlet.offer(parcel(3))
                await until(lambda: outlet.sent == 4)
    assert ([each[0] for each in service.heard], sum(dropped)) == ([3], 3)
    refusals = [each for each in told if each["event"] == "the service refuses what this worker says"]
    assert [each["status"] for each in refusals] == [status]  # said once
    assert len([each for each in told if each["event"] == "messages were refused"]) == 1


@pytest.mark.parametrize("status", [301, 307, 401, 403, 408, 429, 500, 502, 503])
async def test_another_answer_is_told_by_its_number_and_the_batch_goes_again(status: int) -> None:
    service = Service()
    service.status = status
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster)
        outlet.offer(parcel(1))
        with structlog.testing.capture_logs() as told:
            async with running(outlet):
                await until(lambda: service.tried > 1)
                service.status = 200
                await until(lambda: outlet.sent == 1)
    assert ([each[0] for each in service.heard], dropped) == ([1], [])
    assert [each["problem"] for each in told if each["event"] == "messages wait"] == [f"the server answers {status}"]
    assert outlet._bytes <= MOST_BYTES


async def test_who_asks_too_fast_keeps_the_size_of_batches() -> None:
    service = Service()
    service.status = 429
    async with served(service) as poster:
        outlet, _ = outlet_to(poster)
        outlet.offer(parcel(1))
        assert not await outlet._send_batch()
        assert outlet._bytes == MOST_BYTES
        service.status = 503
        assert not await outlet._send_batch()
        assert outlet._bytes == LEAST_BYTES


@pytest.mark.parametrize("body", [b"", b"<html>Sign in to the network</html>", b"{}", b'{"refused": "x"}'])
async def test_an_answer_of_somebody_else_on_the_way_is_none(body: bytes) -> None:
    service = Service()
    service.body = body
    async with served(service) as poster:
        with pytest.raises(aiohttp.ClientPayloadError):
            await poster.post([parcel(1).payload])


async def test_what_the_service_refuses_of_a_batch_is_counted() -> None:
    service = Service()
    service.refused = 2
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster)
        for number in range(5):
            outlet.offer(parcel(number))
        assert await outlet._send_batch()
    assert (dropped, outlet.sent) == ([2], 5)


async def test_the_queue_is_bounded_and_the_oldest_goes() -> None:
    service = Service()
    async with served(service) as poster:
        outlet, dropped = outlet_to(poster, 10)
        for number in range(25):
            outlet.offer(parcel(number))
        assert (len(outlet), sum(dropped)) == (10, 15)
        async with running(outlet):
            await until(lambda: outlet.sent == 10)
    assert [each[0] for each in service.heard] == list(range(15, 25))


async def test_cameras_are_watched_as_the_answers_say_and_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    service, other = Service(), uuid.uuid4()
    service.watched = [str(CAMERA)]
    async with served(service) as poster:
        emitter = PostingEmitter(poster)
        assert await emitter.watched([CAMERA, other]) == [False, False]
        emitter.health(make_health())
        assert await emitter.durable._send_batch()
        assert await emitter.watched([CAMERA, other]) == [True, False]
        monkeypatch.setattr(posting, "WATCHED_FOR_S", 0.0)
        emitter.health(make_health())
        assert await emitter.durable._send_batch()
        assert await emitter.watched([CAMERA, other]) == [False, False]


async def test_each_kind_goes_as_it_is_and_states_in_as_many_as_the_service_takes() -> None:
    service = Service()
    async with served(service) as poster:
        emitter = PostingEmitter(poster)
        emitter.picture(CAMERA, 7, b"\xff\xd8picture")
        for _ in range(DURABLE_AT_ONCE + 1):
            emitter.health(make_health())
        for outlet in (emitter.pictures, emitter.durable, emitter.durable):
            assert await outlet._send_batch()
    assert service.batches[0] == [msgspec.msgpack.decode(msgspec.msgpack.encode(WatchedPicture(CAMERA, 7, b"\xff\xd8picture")))]
    assert [len(batch) for batch in service.batches[1:]] == [DURABLE_AT_ONCE, 1]


def test_the_way_out_is_chosen_by_what_is_set() -> None:
    def made(**given: str) -> Any:
        return make_emitter(Settings(_env_file=None, **given), lambda _name, _number: None)

    both = {"REDIS_URL": "redis://127.0.0.1:1", "MEMORY_REDIS_URL": "redis://127.0.0.1:2"}
    assert isinstance(made(**both), RedisEmitter)
    assert isinstance(made(PENNYPROTECT_WORKER_KEY=KEY), PostingEmitter)
    with pytest.raises(SetupError, match="both, or neither"):
        made(REDIS_URL=both["REDIS_URL"])
    with pytest.raises(SetupError, match="PENNYPROTECT_WORKER_KEY"):
        made()
