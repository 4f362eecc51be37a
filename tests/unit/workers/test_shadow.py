"""A version beside the one in use: asked now and then, compared, without effects; what is measured reaches the service once."""

import asyncio
import uuid
from types import SimpleNamespace
from typing import Any

import cv2
import msgspec
import numpy as np
from aiohttp import web
from av import VideoFrame

from app.contracts.control import DesiredCamera
from app.contracts.models import Disagreement, ModelReport, decode_report
from app.kit.errors import UnavailableError
from app.perception.detections import Detections
from app.workers import model_reports, shadow
from app.workers.cpu.shadow import DecodedShown, ShadowStage
from app.workers.model_reports import ModelReports, Readings
from tests.unit.models.test_agreement import people

CAMERA, WORKER = uuid.UUID(int=5), uuid.UUID(int=6)


def camera(shadowed: str = "1001") -> DesiredCamera:
    wish = DesiredCamera(CAMERA, CAMERA, "rtsp://x", 5.0, "yolo_pose", "1", 1, face=False, gait=False)
    return msgspec.structs.replace(wish, shadow_version=shadowed)


def frame(at_us: int) -> Any:
    noise = np.random.default_rng(0).integers(0, 255, (45, 80, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    return SimpleNamespace(picture=VideoFrame.from_ndarray(noise, "rgb24"), captured_at_us=at_us)


class Model:
    """Answers as told, once it may."""

    def __init__(self, answer: Detections | Exception) -> None:
        self.answer, self.asked, self.may = answer, 0, asyncio.Event()
        self.may.set()

    async def detect(self, _frames: Any) -> list[Detections]:
        self.asked += 1
        await self.may.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer]


async def until(what: Any) -> None:
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.005)


async def test_a_share_of_the_frames_is_compared_and_a_disagreement_is_shown_once_a_minute() -> None:
    readings, model = Readings(), Model(people(100, 300))
    stage, stop = ShadowStage(lambda _model, _version: model, readings), asyncio.Event()
    running = asyncio.create_task(stage.run(stop))
    for number in range(15):  # five a second
        stage.seen(camera(), frame(number * 200_000), people(100), 0.02)
        await until(lambda: not stage._waiting)
    await until(lambda: model.asked == 3 and bool(readings._disagreements))
    stop.set()
    await running
    report = readings.take(WORKER)
    assert report is not None
    (reading,), (compared,), (shown,) = report.readings, report.shadows, report.disagreements
    assert (reading.version, reading.frames, reading.persons, sum(reading.latency)) == (1, 15, 15, 15)
    assert (compared.version, compared.against, compared.frames, compared.both, compared.only_new) == (1001, 1, 3, 3, 3)
    assert (compared.agreeing, sum(compared.latency_new)) == (0, 3)
    assert (shown.only_new, shown.only_old, shown.still[:2]) == (1, 0, b"\xff\xd8")
    assert decode_report(msgspec.msgpack.encode(report)) == report
    assert readings.take(WORKER) is None


async def test_a_slow_or_broken_shadow_holds_nothing_up_and_is_counted(monkeypatch: Any) -> None:
    monkeypatch.setattr(shadow, "EVERY_US", 1)
    readings, model = Readings(), Model(UnavailableError("down"))
    stage, stop = ShadowStage(lambda _model, _version: model, readings), asyncio.Event()
    running = asyncio.create_task(stage.run(stop))
    model.may.clear()
    stage.seen(camera(), frame(1), people(100), 0.02)
    await until(lambda: model.asked == 1)
    for number in range(2, 12):
        stage.seen(camera(), frame(number), people(100), 0.02)
    stage.seen(camera(), frame(99), None, 3.0)
    model.may.set()
    await until(lambda: stage._failures)
    stop.set()
    await running
    report = readings.take(WORKER)
    assert report is not None
    assert (report.readings[0].frames, report.readings[0].failures) == (11, 1)
    assert (report.shadows[0].skipped, report.shadows[0].frames) == (8, 0)
    assert report.shadows[0].failures >= 1


async def test_cameras_go_first_and_one_frame_in_a_while_is_compared_where_they_leave_no_room(monkeypatch: Any) -> None:
    monkeypatch.setattr("app.workers.turns.LONGEST_WAIT_S", 0.1)
    readings, model, room = Readings(), Model(people(100)), [False]
    stage, stop = ShadowStage(lambda _model, _version: model, readings, lambda: room[0]), asyncio.Event()
    running = asyncio.create_task(stage.run(stop))
    stage.seen(camera(), frame(0), people(100), 0.02)
    await until(lambda: model.asked == 1)  # the first in ten seconds
    for number in (1, 2):
        stage.seen(camera(), frame(number * 1_000_000), people(100), 0.02)
    await until(lambda: any(each.skipped == 2 for each in readings._shadows.values()))
    assert model.asked == 1
    room[0] = True
    stage.seen(camera(), frame(3_000_000), people(100), 0.02)
    await until(lambda: model.asked == 2)
    stop.set()
    await running


async def test_without_a_shadow_no_second_version_is_asked() -> None:
    readings, model = Readings(), Model(people())
    stage = ShadowStage(lambda _model, _version: model, readings)
    for wish in (camera(""), camera("1")):
        stage.seen(wish, frame(1), people(100), 0.02)
    assert not stage._waiting
    report = readings.take(WORKER)
    assert report is not None
    assert report.shadows == []


def test_heads_of_everybody_whom_either_found_are_unrecognisable() -> None:
    picture = frame(0).picture
    jpeg = shadow.blurred_still(DecodedShown(picture), people(100), people(400))
    still = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert still is not None
    assert still.shape[:2] == (360, 640)
    detail = np.abs(np.diff(still.astype(np.float64), axis=1)).mean(axis=2)
    for x in (100, 400):  # 48 of the 160 pixels of a box are its head
        assert detail[106:140, x + 6 : x + 52].mean() < 3, "coarse blocks"
    assert detail[300:350, 200:260].mean() > 6, "the rest is as it was"


async def test_a_report_reaches_a_service_that_was_away_and_one_that_is_refused_is_dropped(monkeypatch: Any) -> None:
    monkeypatch.setattr(model_reports, "EVERY_S", 0.02)
    monkeypatch.setattr(model_reports.Backoff, "delay_s", lambda *_: 0.02)
    came: list[ModelReport] = []
    answers = iter([503, 422])

    async def take(request: web.Request) -> web.Response:
        status = next(answers, 204)
        if status == 204:
            came.append(decode_report(await request.read()))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/api/v1/workers/models", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    lost: list[int] = []
    readings, stop = Readings(), asyncio.Event()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    running = asyncio.create_task(ModelReports(url, "key", WORKER, readings, lost.append).run(stop))
    try:
        readings.answered(camera(), people(1), 0.01)
        await until(lambda: lost == [1])
        readings.answered(camera(), people(1, 2), 0.01)
        await until(lambda: came)
        readings.answered(camera(), people(1, 2, 3), 0.01)
    finally:
        stop.set()
        await running
        await runner.cleanup()
    assert [each.readings[0].persons for each in came] == [2, 3], "the last one is sent at the end"


async def test_whatever_a_shadowed_version_raises_is_counted_and_a_stop_is_heard_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(shadow.Backoff, "delay_s", lambda *_: 3600.0)
    readings, model = Readings(), Model(KeyError("predictions"))
    stage, stop = ShadowStage(lambda _model, _version: model, readings), asyncio.Event()
    running = asyncio.create_task(stage.run(stop))
    stage.seen(camera(), frame(1), people(100), 0.02)
    await until(lambda: stage._failures)
    stop.set()
    async with asyncio.timeout(20):
        await running
    report = readings.take(WORKER)
    assert report is not None
    assert report.shadows[0].failures == 1


async def test_a_stop_does_not_wait_for_an_answer_that_does_not_come(monkeypatch: Any) -> None:
    monkeypatch.setattr(shadow, "LONGEST_S", 3600.0)
    readings, model = Readings(), Model(people())
    model.may.clear()
    stage, stop = ShadowStage(lambda _model, _version: model, readings), asyncio.Event()
    running = asyncio.create_task(stage.run(stop))
    stage.seen(camera(), frame(1), people(100), 0.02)
    await until(lambda: model.asked)
    stop.set()
    async with asyncio.timeout(20):
        await running


async def test_the_last_report_is_given_up_after_a_moment_where_the_service_says_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(model_reports, "EVERY_S", 0.02)
    monkeypatch.setattr(model_reports, "ASK_S", 3600.0)
    monkeypatch.setattr(model_reports, "LAST_S", 0.1)
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    readings, stop = Readings(), asyncio.Event()
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    running = asyncio.create_task(ModelReports(url, "key", WORKER, readings, lambda _: None).run(stop))
    readings.answered(camera(), people(1), 0.01)
    async with asyncio.timeout(20):
        await asked.wait()
        stop.set()
        await running
    server.close()


def test_of_many_waiting_reports_the_newest_alone_keep_their_stills(monkeypatch: Any) -> None:
    monkeypatch.setattr(model_reports, "MOST_WAITING", 5)
    monkeypatch.setattr(model_reports, "MOST_ROWS", 1)
    lost: list[int] = []
    readings = Readings()
    reports = ModelReports("http://127.0.0.1:1", "key", WORKER, readings, lost.append)
    for _ in range(7):
        readings.answered(camera(), people(1), 0.01)
        readings.disagreed(Disagreement(CAMERA, "yolo_pose", 1001, 1, 5, 1, 0, 0.5, b"\xff\xd8"))
        reports._pack()
    assert [len(each.disagreements) for each in reports._waiting] == [0, 0, 1, 1, 1]
    assert lost == [1, 1], "the two oldest"
    readings.answered(camera(), people(1), 0.01)
    readings.answered(msgspec.structs.replace(camera(), pose_version="1001"), people(1), 0.01)
    reports._pack()
    assert lost == [1, 1, 1, 1], "a row that had no room is said, too"


def test_keypoints_that_a_model_scores_below_nothing_count_as_nothing() -> None:
    readings, found = Readings(), people(100)
    found.keypoints[:, :, 2] = -0.2
    readings.answered(camera(), found, 0.01)
    report = readings.take(WORKER)
    assert report is not None
    assert report.readings[0].quality_sum == 0.0
