"""Plays the service to the dashboard alone: every answer is made from the API's document, as many rows as wanted.

For measuring and walking the built pages without cameras: what it answers has the documented shape by construction, so there is
no second description of the API here. It is no service: nothing is stored, and nobody is checked but by permission.
"""

import asyncio
import contextlib
import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from aiohttp import WSMsgType, web

from app.auth.permissions import ROLE_PERMISSIONS, Role
from benchmarks.schema_samples import Samples

WEB: Final = Path(__file__).resolve().parents[1] / "web"
BOUNDARY: Final = "frame"
STORE: Final = str(uuid.UUID(int=1))
ME: Final = str(uuid.UUID(int=2))
SHAPE: Final = (1280, 720)
_POLICY: Final = "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:"
_KINDS: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass
class Double:
    """What is played, and what it was asked.

    Attributes:
        role: whose permissions the caller has.
        rows: in every list.
        cameras: of the store, which move `fps` times a second.
        delay_s: before every answer of the API.
        expired: every token and every refresh is refused until somebody gives a password.
    """

    role: Role = Role.CHAIN_ADMINISTRATOR
    rows: int = 1
    cameras: int = 1
    fps: float = 5.0
    people: int = 3
    delay_s: float = 0.0
    expired: bool = False
    asked: list[str] = field(default_factory=list)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    document: dict[str, Any] = field(default_factory=lambda: json.loads((WEB / "openapi.json").read_text("utf-8")))

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._samples = Samples(self.document)
        self._routes = [(_matcher(path), of) for path, of in self.document["paths"].items()]
        self._jpegs = [_picture(each) for each in range(8)]

    async def drop(self) -> None:
        """Every socket breaks off."""
        for socket in [*self.sockets]:
            await socket.close()

    async def tell(self, message: dict[str, Any]) -> None:
        """Say something of the store on every socket."""
        text = json.dumps({"store_id": STORE, "id": f"{int(time.time() * 1000)}-{next(self._numbers)}", **message})
        for socket in [*self.sockets]:
            with contextlib.suppress(ConnectionError):
                await socket.send_str(text)

    def alert(self, camera: int = 0, threat: str = "high") -> dict[str, Any]:
        """A new alert as the API gives it."""
        made = self._samples.of({"$ref": "#/components/schemas/AlertOut"}, next(self._numbers))
        moment = datetime.now(UTC).isoformat()
        return {
            **made,
            "id": str(uuid.uuid4()),
            "store_id": STORE,
            "camera_id": camera_id(camera),
            "kind": "loitering",
            "threat": threat,
            "state": "raised",
            "group_id": None,
            "explanation": {"dwell_s": 74.0, "dwell_threshold_s": 60},
            "raised_at": moment,
            "changed_at": moment,
            "started_at": moment,
            "ended_at": moment,
            "claimed_by": None,
            "second_look": None,
        }

    def application(self) -> web.Application:
        """The pages, the API, pictures and the socket."""
        made = web.Application(client_max_size=16 << 20)
        made.router.add_route("*", "/api/v1/auth/token", self._token)
        made.router.add_get("/api/v1/live/pictures", self._pictures)
        made.router.add_get("/ws", self._socket)
        made.router.add_route("*", "/api/v1/{rest:.*}", self._answer)
        made.router.add_get("/{rest:.*}", _file)
        return made

    async def _token(self, request: web.Request) -> web.Response:
        if (await request.post()).get("grant_type") == "password":
            self.expired = False
        if self.expired:
            return _problem(401, "Sign in again.")
        answer = web.json_response({"access_token": "double", "token_type": "bearer", "expires_in": 900})
        answer.set_cookie("pp_refresh", "double", path="/api/v1/auth", httponly=True, samesite="Strict")
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(f"{request.method} {path}")
        await asyncio.sleep(self.delay_s)
        if self.expired:
            return _problem(401, "You are no longer signed in.")
        found = self.operation(request.method, path)
        if found is None:
            return _problem(404, "There is no such address.")
        held = {each.value for each in ROLE_PERMISSIONS[self.role]}
        if found.get("x-permission", "self") not in held:
            return _problem(403, "Your roles do not allow this.")
        return self.said(request, path, found)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """What the API's document says of an address; None for one that it has not."""
        return next((of[method.lower()] for fits, of in self._routes if fits(path) and method.lower() in of), None)

    def said(self, request: web.Request, path: str, operation: dict[str, Any]) -> web.Response:
        """The answer to who may ask."""
        status, answer = next((int(code), of) for code, of in operation["responses"].items() if code.startswith("2"))
        content = answer.get("content", {})
        if status == 204 or not content:
            return web.Response(status=status)
        if "application/json" not in content:
            return web.Response(body=self._jpegs[0], content_type="image/jpeg")
        special = self._special(path.removeprefix("/api/v1"))
        if special is not None:
            return web.json_response(special)
        schema = self._samples.resolved(content["application/json"]["schema"])
        items = schema.get("properties", {}).get("items", {}).get("items")
        if items is None or "next" not in schema["properties"]:
            return web.json_response(self._samples.of(schema, 1), status=status)
        start, limit = int(request.query.get("cursor") or 0), int(request.query.get("limit", 100))
        rows = [self._samples.of(items, number) for number in range(start, min(self.rows, start + limit))]
        following = str(start + limit) if start + limit < self.rows else None
        return web.json_response({"items": rows, "next": following}, status=status)

    def _special(self, path: str) -> Any:
        """What must fit together for any page to open: who is here, which store, its cameras."""
        if path == "/auth/me":
            held = sorted(each.value for each in ROLE_PERMISSIONS[self.role])
            membership = {"role": self.role.value, "store_id": None, "region_id": None}
            return {
                "id": ME,
                "username": "walker",
                "chain_id": str(uuid.UUID(int=3)),
                "roles": [self.role.value],
                "permissions": held,
                "memberships": [membership],
                "session_id": str(uuid.UUID(int=4)),
                "duties": [],
            }
        if path == "/stores":
            store = self._samples.of({"$ref": "#/components/schemas/StoreOut"}, 1)
            return {
                "items": [{**store, "id": STORE, "name": "Harbour Street", "timezone": "Europe/London", "demo": False}],
                "next": None,
            }
        if path == "/cameras":
            return {"items": [self.camera(number) for number in range(self.cameras)], "next": None}
        if path == f"/stores/{STORE}/floor-plan":
            return self._plan()
        return None

    def camera(self, number: int) -> dict[str, Any]:
        """One of the store's cameras, live."""
        made = self._samples.of({"$ref": "#/components/schemas/CameraOut"}, number)
        return {
            **made,
            "id": camera_id(number),
            "store_id": STORE,
            "name": f"Camera {number + 1}",
            "state": "live",
            "reason": "",
            "width": SHAPE[0],
            "height": SHAPE[1],
            "fps_in": 25.0,
            "fps_analysed": self.fps,
            "analysis_fps": self.fps,
            "dropped": 0,
            "last_frame_at": datetime.now(UTC).isoformat(),
            "floor": None,
            "enabled": True,
        }

    def _plan(self) -> dict[str, Any]:
        places = [
            {
                "camera_id": camera_id(n),
                "x": 0.08 + 0.12 * (n % 8),
                "y": 0.15 + 0.15 * (n // 8),
                "heading_deg": 45.0 * (n % 8),
                "view_deg": 80.0,
                "reach": 0.09,
            }
            for n in range(min(self.cameras, 40))
        ]
        picture = {"width": 1600, "height": 900, "sha256": "0" * 64}
        moment = datetime.now(UTC).isoformat()
        return {"store_id": STORE, "revision": 1, "picture": picture, "width_m": 60.0, "cameras": places, "changed_at": moment}

    async def _pictures(self, request: web.Request) -> web.StreamResponse:
        moving, stills = request.query.getall("camera_id", []), request.query.getall("still_id", [])
        self.asked.append(f"GET {request.path} {len(moving)}+{len(stills)}")
        answer = web.StreamResponse(headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"})
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            for turn in itertools.count():
                begun, moment = time.monotonic(), int(time.time() * 1e6)
                every_still = max(1, round(2 * self.fps))
                due = [*moving, *(each for place, each in enumerate(stills) if (turn + place) % every_still == 0)]
                for camera in due:
                    await answer.write(_part(camera, moment, self._jpegs[turn % len(self._jpegs)]))
                await self._analyse(moving, moment)
                await asyncio.sleep(max(0.0, 1 / self.fps - (time.monotonic() - begun)))
        return answer

    async def _analyse(self, cameras: list[str], moment: int) -> None:
        at = datetime.fromtimestamp(moment / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        persons = [person_at(each) for each in range(self.people)]
        for camera in cameras:
            said = {"type": "analysis-result", "camera_id": camera, "captured_at": at, "persons": persons}
            text = json.dumps({**said, "frame": {"width": SHAPE[0], "height": SHAPE[1]}})
            for socket in [*self.sockets]:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(text)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and json.loads(message.data).get("type") == "ping":
                    await socket.send_str('{"type":"pong"}')
        finally:
            self.sockets.discard(socket)
        return socket


def camera_id(number: int) -> str:
    """The id of the store's camera of this number."""
    return str(uuid.UUID(int=1000 + number))


def _matcher(path: str) -> Any:
    steps = path.strip("/").split("/")

    def fits(asked: str) -> bool:
        given = asked.strip("/").split("/")
        return len(given) == len(steps) and all(a == b or a.startswith("{") for a, b in zip(steps, given, strict=True))

    return fits


def _picture(number: int) -> bytes:
    drawn = np.full((SHAPE[1] // 2, SHAPE[0] // 2, 3), 40, np.uint8)
    cv2.rectangle(drawn, (40 + number * 50, 60), (120 + number * 50, 300), (90, 160, 200), -1)
    drawn += np.random.default_rng(number).integers(0, 40, drawn.shape, dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes())


def person_at(number: int) -> dict[str, Any]:
    """One of the people in a picture, as a frame's message says it."""
    left = 100.0 + 130 * number
    points = [[left + 50 + 20 * (each % 3), 160.0 + 25 * each, 0.9] for each in range(17)]
    labels = ["loitering"] if number == 0 else []
    return {"track_id": str(number), "box": [left, 150.0, left + 110, 620.0], "score": 0.9, "keypoints": points, "labels": labels}


def _part(camera: str, moment: int, jpeg: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Camera-Id: {camera}\r\n"
    return f"{head}X-Captured-At-Us: {moment}\r\n\r\n".encode() + jpeg + b"\r\n"


def _problem(status: int, detail: str) -> web.Response:
    body = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
    return web.Response(status=status, text=json.dumps(body), content_type="application/problem+json")


async def _file(request: web.Request) -> web.StreamResponse:
    wanted = (WEB / "dist" / request.path.lstrip("/")).resolve()
    inside = wanted.is_relative_to((WEB / "dist").resolve()) and wanted.is_file()
    found = wanted if inside else WEB / "dist" / "index.html"
    kind = _KINDS.get(found.suffix, "application/octet-stream")
    return web.Response(body=found.read_bytes(), content_type=kind, headers={"Content-Security-Policy": _POLICY})
