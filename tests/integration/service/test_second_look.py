"""A second look at an alert, against a local server that checks requests by the public API of chat completions.

That server is written from the API's published shapes (model, messages with text and image_url parts, response_format json_schema
with strict, max_completion_tokens; a chat.completion with choices and usage); no recording of a real one was to be had.
"""

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import cv2
import numpy as np
import pytest
from aiohttp import web

from app.contracts.live import camera_channel, pack_picture, picture_channel
from app.contracts.wire import encode
from app.dashboard.second_look import client
from app.kit.clock import now_us
from tests.builders import HEIGHT, WIDTH, make_tracked_frame
from tests.integration.service.conftest import Product, free_port

KEY, MODEL = "sk-test", "vision-1"
REPLY_S, NEVER_S = 2.0, 4.0


class Vision:
    """The endpoint. `answers` are given in turn, the last one again and again; a number is a status, None never comes."""

    def __init__(self) -> None:
        self.port = free_port()
        self.asked: list[dict[str, Any]] = []
        self.answers: list[Any] = []

    async def complete(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        body = await request.json()
        self.check(body)
        self.asked.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await asyncio.sleep(NEVER_S)
        if isinstance(answer, int):
            return web.json_response({"error": {"message": "no", "type": "server_error", "code": None}}, status=answer)
        return web.json_response(
            {
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [
                    {"index": 0, "finish_reason": "stop", "logprobs": None,
                     "message": {"role": "assistant", "content": answer, "refusal": None, "annotations": []}}
                ],
                "usage": {"prompt_tokens": 400, "completion_tokens": 40, "total_tokens": 440},
            }
        )  # fmt: skip

    def check(self, body: dict[str, Any]) -> None:
        assert set(body) == {"model", "messages", "response_format", "max_completion_tokens"}
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        text, picture = body["messages"][1]["content"]
        assert (text["type"], picture["type"], picture["image_url"]["detail"]) == ("text", "image_url", "low")
        shape = body["response_format"]
        assert (shape["type"], shape["json_schema"]["strict"]) == ("json_schema", True)
        schema = shape["json_schema"]["schema"]
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])

    def picture(self) -> Any:
        address = self.asked[-1]["messages"][1]["content"][1]["image_url"]["url"]
        raw = base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))
        return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
async def vision() -> AsyncIterator[Vision]:
    made = Vision()
    app = web.Application(client_max_size=4 << 20)
    app.router.add_post("/v1/chat/completions", made.complete)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", made.port).start()
    yield made
    await runner.cleanup()


@pytest.fixture
def more_settings(vision: Vision) -> dict[str, Any]:
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{vision.port}/v1",
        "OPENAI_MODEL": MODEL,
        "PENNYPROTECT_SECOND_LOOK_TOKENS_A_DAY": 3500,
    }


def checkered() -> bytes:
    """A picture of fine stripes: what is blurred loses them."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, ::2] = 255
    picture = cv2.resize(cv2.resize(picture, (WIDTH // 8, HEIGHT // 8), interpolation=cv2.INTER_NEAREST), (WIDTH, HEIGHT))
    picture[:, (np.arange(WIDTH) // 8) % 2 == 0] = 255
    picture[:, (np.arange(WIDTH) // 8) % 2 == 1] = 0
    return bytes(cv2.imencode(".jpg", picture)[1])


async def worker(product: Product, camera: str) -> None:
    """Plays a worker that is watched: frames and their pictures."""
    jpeg, sequence = checkered(), 0
    while True:
        frame = make_tracked_frame([(1, 0.5, 0.8)], camera=uuid.UUID(camera), sequence=sequence, start_us=now_us())
        await product.memory.publish(camera_channel(frame.camera_id), encode(frame))
        await product.memory.publish(picture_channel(frame.camera_id), pack_picture(frame.captured_at_us, jpeg))
        sequence += 1
        await asyncio.sleep(0.1)


async def looked(product: Product, alert: str) -> dict[str, Any]:
    for _ in range(100):
        found = (await product.ask("GET", f"/api/v1/alerts/{alert}"))[1]
        if found["second_look"] and found["second_look"]["state"] != "asked":
            return dict(found)
        await asyncio.sleep(0.1)
    raise AssertionError("nothing looked again")


async def test_blurred_stills_go_out_and_a_draft_comes_back(
    product: Product, vision: Vision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REPLY_S", REPLY_S)
    camera = await product.camera()
    path = f"/api/v1/stores/{camera['store_id']}/second-look"
    assert (await product.ask("GET", path))[1] == {"store_id": camera["store_id"], "enabled": False, "available": True}
    vision.answers = [json.dumps({"supports": "does-not-support", "summary": "A person bends to a shelf."})]
    before = await product.alert(camera)
    await asyncio.sleep(2.5)
    assert vision.asked == []
    assert (await product.ask("PUT", path, {"enabled": True}))[0] == 200
    playing = asyncio.create_task(worker(product, camera["id"]))
    try:
        await _looks(product, vision, camera, before)
    finally:
        playing.cancel()


async def _looks(product: Product, vision: Vision, camera: dict[str, Any], first: str) -> None:
    alert = await looked(product, first)
    assert alert["second_look"] == {
        "state": "answered", "verdict": "does-not-support", "summary": "A person bends to a shelf.", "lowers": True,
    }  # fmt: skip
    assert (alert["state"], alert["threat"], alert["outcome"]) == ("raised", "medium", None)
    picture = vision.picture()
    high, wide = picture.shape[:2]
    assert wide <= 640
    head, floor = picture[int(high * 0.42) : int(high * 0.5), wide // 2], picture[int(high * 0.95), :]
    assert floor.astype(int).std() > 60
    row = picture[int(high * 0.45), int(wide * 0.48) : int(wide * 0.52)].astype(int)
    assert row.std() < 25, head

    # Another shape, a refusal, no answer in time: a state, nothing else. What may have been served is counted as paid for,
    # so that the day's allowance is used up then and nothing more is asked.
    vision.answers = ["It was Mr X", 500, None]
    for state in ("unreadable", "refused", "timed-out", "over-allowance"):
        alert = await looked(product, await product.alert(camera))
        assert (alert["second_look"]["state"], alert["second_look"]["summary"], alert["state"]) == (state, None, "raised")
    assert len(vision.asked) == 4
    acts = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'alert-looked-again' ORDER BY id")
    assert [json.loads(row["details"])["state"] for row in acts] == [
        "answered",
        "unreadable",
        "refused",
        "timed-out",
        "over-allowance",
    ]
