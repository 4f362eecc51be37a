"""Cameras, alerts, live sockets and pictures, at real servers."""

import asyncio
import json
import uuid

import aiohttp
import msgspec
import pytest

from app.contracts.live import camera_channel, pack_picture, picture_channel, store_stream, watch_key
from app.contracts.tracked import decode_frame, frames_stream
from app.contracts.wire import encode
from app.kit.clock import from_us, now_us
from app.kit.ids import shard_of
from app.workers.simulated.acts import SCRIPTS
from app.workers.simulated.worker import NO_PICTURES, play
from tests.builders import make_tracked_frame
from tests.integration.service.conftest import WORKER_KEY, Product


async def test_a_camera_keeps_its_password_to_itself(product: Product) -> None:
    camera = await product.camera()
    assert (camera["url"], camera["has_credentials"]) == ("rtsp://127.0.0.1:9/x", True)
    _, same_host = await product.ask("PATCH", f"/api/v1/cameras/{camera['id']}", {"url": "rtsp://127.0.0.1:9/y"})
    assert same_host["has_credentials"]
    _, other_host = await product.ask("PATCH", f"/api/v1/cameras/{camera['id']}", {"url": "rtsp://10.0.0.9:9/y"})
    assert not other_host["has_credentials"]
    stored = await product.sql("SELECT url, credentials FROM cameras WHERE id = $1", uuid.UUID(camera["id"]))
    assert "hunter2" not in str(stored)
    assert (await product.ask("DELETE", f"/api/v1/cameras/{camera['id']}"))[0] == 204
    assert (await product.ask("GET", f"/api/v1/cameras/{camera['id']}"))[0] == 404


async def test_a_camera_s_floor_is_kept_changed_and_forgotten_and_one_that_cannot_be_is_refused(product: Product) -> None:
    camera = await product.camera()
    path = f"/api/v1/cameras/{camera['id']}"
    assert camera["floor"] is None
    floor = {"corners": [[0.2, 0.9], [0.8, 0.9], [0.7, 0.6], [0.3, 0.6]], "first_m": 3.0, "second_m": 4.5}
    assert (await product.ask("PATCH", path, {"floor": floor}))[1]["floor"] == floor
    assert (await product.ask("PATCH", path, {"name": "Till"}))[1]["floor"] == floor  # absent is: as before
    crossed = {**floor, "corners": [floor["corners"][each] for each in (0, 2, 1, 3)]}  # type: ignore[index]
    status, problem = await product.ask("PATCH", path, {"floor": crossed})
    assert status == 422
    assert "order around the rectangle" in json.dumps(problem)
    assert (await product.ask("PATCH", path, {"floor": {**floor, "first_m": 0}}))[0] == 422
    assert (await product.ask("GET", path))[1]["floor"] == floor
    assert (await product.ask("PATCH", path, {"floor": None}))[1]["floor"] is None
    acts = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'camera-changed' ORDER BY id")
    assert [json.loads(row["details"])["changed"] for row in acts] == [["floor"], ["name"], ["floor"]]


async def test_a_creating_request_sent_twice_creates_once(product: Product) -> None:
    body = {"store_id": await product.store(), "name": "Till", "url": "rtsp://127.0.0.1/x"}
    key = {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(*(product.ask("POST", "/api/v1/cameras", body, headers=key) for _ in range(4)))
    assert {status for status, _ in answers} == {201}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert (await product.ask("POST", "/api/v1/cameras", {**body, "name": "Else"}, headers=key))[0] == 422


async def test_pages_follow_each_other_without_gap_or_repeat(product: Product) -> None:
    made = {(await product.camera(f"c{number}"))["id"] for number in range(5)}
    seen: list[str] = []
    cursor = ""
    while True:
        _, page = await product.ask("GET", f"/api/v1/cameras?limit=2{cursor}")
        seen += [camera["id"] for camera in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


async def test_zones_and_rules_are_checked_and_set(product: Product) -> None:
    camera = await product.camera()
    zones = f"/api/v1/cameras/{camera['id']}/zones"
    zone = {"name": "Door", "kind": "loitering", "polygon": [[0, 0], [0.5, 0], [0.5, 0.5]]}
    status, made = await product.ask("POST", zones, zone)
    assert status == 201
    rule = {"store_id": camera["store_id"], "camera_id": camera["id"], "zone_id": made["id"], "kind": "loitering"}
    status, setting = await product.ask("POST", "/api/v1/rules", {**rule, "parameters": {"zone_dwell_s": 5}})
    assert status == 201
    assert (await product.ask("POST", "/api/v1/rules", rule))[0] == 409
    assert (await product.ask("PATCH", f"/api/v1/rules/{setting['id']}", {"parameters": {"zone_dwell_s": 0}}))[0] == 422
    assert (await product.ask("PATCH", f"/api/v1/rules/{setting['id']}", {"enabled": False}))[1]["enabled"] is False
    assert (await product.ask("DELETE", f"/api/v1/rules/{setting['id']}"))[0] == 204
    assert (await product.ask("DELETE", f"{zones}/{made['id']}"))[0] == 204
    assert (await product.ask("GET", zones))[1] == {"items": [], "next": None}


async def test_contradicting_rules_of_one_place_are_refused_whoever_is_first(product: Product) -> None:
    camera, other = await product.camera(), await product.camera("other")
    rule = {"store_id": camera["store_id"], "camera_id": camera["id"], "kind": "entry"}
    drafts = [{**rule, "enabled": number % 2 == 0} for number in range(4)]
    answers = await asyncio.gather(*(product.ask("POST", "/api/v1/rules", draft) for draft in drafts))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    zone = {"name": "Door", "kind": "entry", "polygon": [[0, 0], [0.5, 0], [0.5, 0.5]]}
    made = (await product.ask("POST", f"/api/v1/cameras/{other['id']}/zones", zone))[1]
    assert (await product.ask("POST", "/api/v1/rules", {**rule, "zone_id": made["id"]}))[0] == 404, "another camera's zone"
    nonsense = {**rule, "kind": "loitering", "parameters": {"gap_s": 20, "resume_s": 10}}
    status, told = await product.ask("POST", "/api/v1/rules", nonsense)
    assert (status, "resume_s" in told["detail"]) == (422, True), "figures that contradict each other"


async def test_two_people_acknowledge_at_once_and_one_change_is_told(product: Product) -> None:
    alert = await product.alert(await product.camera())
    path = f"/api/v1/alerts/{alert}/acknowledge"
    answers = await asyncio.gather(*(product.ask("POST", path, {}) for _ in range(5)))
    assert {status for status, _ in answers} == {200}
    told = await product.sql("SELECT kind, payload FROM outbox")
    assert [row["kind"] for row in told] == ["alert-changed"]
    assert json.loads(told[0]["payload"])["alert"] == (await product.ask("GET", f"/api/v1/alerts/{alert}"))[1]
    acts = await product.sql("SELECT act FROM audit_unsealed WHERE subject_id = $1", uuid.UUID(alert))
    assert [row["act"] for row in acts] == ["alert-acknowledged"]


async def test_a_claim_keeps_its_time_while_the_act_goes_on(product: Product) -> None:
    alert = await product.alert(await product.camera())
    status, claimed = await product.ask("POST", f"/api/v1/alerts/{alert}/claim", {})
    assert (status, claimed["claimed_at"]) == (200, claimed["changed_at"])
    await product.sql("UPDATE alerts SET changed_at = changed_at + interval '1 hour'")
    assert (await product.ask("GET", f"/api/v1/alerts/{alert}"))[1]["claimed_at"] == claimed["claimed_at"]
    acknowledged = (await product.ask("POST", f"/api/v1/alerts/{alert}/acknowledge", {}))[1]
    assert acknowledged["changed_at"] > claimed["changed_at"]


async def _next(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, object]:
    while True:
        message = json.loads((await socket.receive(timeout=20)).data)
        if message["type"] == kind:
            return dict(message)


async def test_a_viewer_sees_frames_and_alerts_and_resumes(product: Product) -> None:
    camera = await product.camera()
    camera_id, store = uuid.UUID(camera["id"]), camera["store_id"]
    stream = store_stream(uuid.UUID(store))
    async with await product.open_socket() as socket:
        await socket.send_str("{bad")
        assert (await _next(socket, "denied"))["for"] == "message"
        await socket.send_json({"type": "subscribe-camera", "camera_id": str(uuid.uuid4())})
        assert (await _next(socket, "denied"))["for"] == "subscribe-camera"
        await socket.send_json({"type": "subscribe-camera", "camera_id": camera["id"]})
        await socket.send_json({"type": "join-store", "store_id": store})
        await socket.send_json({"type": "ping"})
        await _next(socket, "pong")
        frame = make_tracked_frame([(1, 0.5, 0.5)], camera=camera_id, start_us=now_us())
        await product.publish(camera_channel(camera_id), encode(frame))
        seen = await _next(socket, "analysis-result")
        assert [len(person["keypoints"]) for person in seen["persons"]] == [17]  # type: ignore[attr-defined]
        ids = [await product.bus.xadd(stream, {"m": b'{"type":"alert-raised","n":%d}' % n}) for n in range(3)]
        got = [await _next(socket, "alert-raised") for _ in range(3)]
        assert [message["id"] for message in got] == [entry.decode() for entry in ids]
    async with await product.open_socket() as socket:
        await socket.send_json({"type": "resume", "store_id": store, "last_id": ids[0].decode()})
        assert [(await _next(socket, "alert-raised"))["n"] for _ in range(2)] == [1, 2]
        await product.bus.xtrim(stream, maxlen=1, approximate=False)
        await socket.send_json({"type": "resume", "store_id": store, "last_id": "1-0"})
        gap = await _next(socket, "gap")
        assert (gap["from"], gap["to"]) == ("1-0", ids[2].decode())


async def test_people_of_an_open_alert_are_labelled_for_who_subscribes_after_it(product: Product) -> None:
    camera = await product.camera()
    camera_id = uuid.UUID(camera["id"])
    frame = make_tracked_frame([(7, 0.5, 0.5), (8, 0.2, 0.5)], camera=camera_id, start_us=now_us())
    alert = {
        "id": str(uuid.uuid4()), "camera_id": camera["id"], "kind": "loitering", "state": "raised", "epoch": frame.epoch,
        "track_ids": ["7"], "ended_at": from_us(frame.captured_at_us).isoformat(),
    }  # fmt: skip
    message = json.dumps({"type": "alert-raised", "store_id": camera["store_id"], "alert": alert})
    await product.bus.xadd(store_stream(uuid.UUID(camera["store_id"])), {"m": message})
    async with await product.open_socket() as socket:
        await socket.send_json({"type": "subscribe-camera", "camera_id": camera["id"]})
        async with asyncio.timeout(30):
            while True:
                await product.publish(camera_channel(camera_id), encode(frame))
                persons = (await _next(socket, "analysis-result"))["persons"]
                labels = [person["labels"] for person in persons]  # type: ignore[attr-defined]
                if labels != [[], []]:
                    break
        assert labels == [["loitering"], []]


async def test_a_ticket_opens_once_and_signing_out_closes(product: Product) -> None:
    _, ticket = await product.ask("POST", "/api/v1/auth/ws-ticket", {})
    address = f"{product.base}/ws?ticket={ticket['ticket']}"
    async with product.session.ws_connect(address) as socket:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            await product.session.ws_connect(address)
        await product.ask("POST", "/api/v1/auth/logout")
        message = await socket.receive(timeout=20)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_pictures_come_while_watched(product: Product) -> None:
    camera = uuid.UUID((await product.camera())["id"])
    headers = {"Authorization": f"Bearer {product.token}"}
    address = f"{product.base}/api/v1/live/pictures?camera_id={camera}"
    assert await product.memory.get(watch_key(camera)) is None
    async with product.session.get(address, headers=headers) as answer:
        reader = aiohttp.MultipartReader.from_response(answer)
        await product.publish(picture_channel(camera), pack_picture(7, b"\xff\xd8picture"))
        part = await asyncio.wait_for(reader.next(), 20)
        assert isinstance(part, aiohttp.BodyPartReader)
        assert (part.headers["X-Camera-Id"], part.headers["X-Captured-At-Us"]) == (str(camera), "7")
        assert await part.read() == b"\xff\xd8picture"
        assert await product.memory.get(watch_key(camera)) == b"1"
    status, problem = await product.ask("GET", f"/api/v1/cameras/{camera}/snapshot")
    assert (status, problem["state"]) == (504, "waiting")


async def test_a_batch_of_frames_counts_once(product: Product) -> None:
    camera = uuid.UUID((await product.camera())["id"])
    frames = [make_tracked_frame([(1, 0.5, 0.5)], camera=camera, sequence=n, start_us=now_us()) for n in range(3)]
    batch = msgspec.msgpack.encode(frames)
    path = "/api/v1/ingest/tracked-frames"
    assert (await product.ask("POST", path, token=WORKER_KEY, data=batch))[0] == 403
    beat = {"worker_id": str(uuid.uuid4()), "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    await product.ask("POST", "/api/v1/workers/heartbeat", beat, token=WORKER_KEY)
    assert (await product.ask("POST", path, token=WORKER_KEY, data=batch))[1] == {"accepted": 3, "repeated": 0}
    assert (await product.ask("POST", path, token=WORKER_KEY, data=batch))[1] == {"accepted": 0, "repeated": 3}
    assert (await product.ask("POST", path, token=WORKER_KEY, data=batch[:-3]))[0] == 422


async def test_readiness_names_what_is_missing(product: Product) -> None:
    status, answer = await product.ask("GET", "/readyz", token="")
    states = {each["name"]: each["ok"] for each in answer["dependencies"]}
    assert status == 503
    assert states == {"postgres": True, "bus": True, "memory": True, "triton": False, "workers": False, "pipeline": False}
    assert (await product.ask("GET", "/readyz?only=service", token=""))[0] == 200


async def test_a_failed_probe_is_a_problem_without_the_password_and_is_audited(product: Product) -> None:
    for url, kind in (
        ("http://user:hunter2@169.254.169.254/latest/meta-data", "This address is not allowed"),
        (f"http://user:hunter2@127.0.0.1:{product.settings.port}/metrics", "This address is not allowed"),
        ("rtsp://user:hunter2@127.0.0.1:9/x", "refused"),
        ("rtsp://user:hunter2@0x7f.1/x", "Cannot use this input"),
    ):
        status, problem = await product.ask("POST", "/api/v1/cameras/probe", {"url": url})
        assert (status, problem["status"]) == (422, 422), problem
        assert "hunter2" not in str(problem)
        rows = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'camera-probed' ORDER BY id DESC LIMIT 1")
        details = json.loads(rows[0]["details"])
        assert details["ended"] == kind
        assert "hunter2" not in str(details)


async def test_a_simulated_worker_takes_a_camera_and_its_frames_arrive_once(product: Product) -> None:
    camera = uuid.UUID((await product.camera())["id"])
    outlet = await play(product.base, WORKER_KEY, SCRIPTS["fall"], asyncio.Event(), capacity=9, seconds=4.0)
    entries = await product.memory.xrange(frames_stream(shard_of(camera)))
    frames = [frame for _, fields in entries if (frame := decode_frame(fields[b"m"])).camera_id == camera]
    assert 10 < len(frames) <= outlet.frames.sent
    assert [frame.sequence for frame in frames] == list(range(len(frames)))
    assert any(frame.track_ids for frame in frames)


async def test_a_simulated_camera_says_that_nothing_of_an_alert_will_be_recorded(product: Product) -> None:
    alert, stop = await product.alert(await product.camera()), asyncio.Event()
    playing = asyncio.create_task(play(product.base, WORKER_KEY, SCRIPTS["fall"], stop, capacity=9))
    pieces: list[dict[str, str]] = []
    try:
        for _ in range(300):
            pieces = (await product.ask("GET", f"/api/v1/evidence?alert_id={alert}"))[1]["items"]
            if all(each["state"] == "lost" for each in pieces):
                break
            await asyncio.sleep(0.1)
    finally:
        stop.set()
        await playing
    assert [(each["state"], each["reason"]) for each in pieces] == [("lost", NO_PICTURES)] * 2
