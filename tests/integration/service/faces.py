"""A face model for the service's tests: pictures say by their first pixel who is on them. `face_conformance` holds for
it and for the real one."""

import uuid
from datetime import timedelta
from typing import Any

import aiohttp
import cv2
import numpy as np
import numpy.typing as npt

from app.inference.face_client import FaceAnswer
from app.kit.clock import now
from tests.integration.service.conftest import Product

GOOD, BLURRED = 200, 50
SIDE = 320


def vector_of(who: int) -> npt.NDArray[np.float32]:
    numbers = np.random.default_rng(who).standard_normal(128).astype(np.float32)
    return numbers / np.float32(np.linalg.norm(numbers))


class DrawnFaces:
    """`FaceModel`: red of the first pixel is who, green how many faces, blue how good."""

    def __init__(self, _url: str = "", _version: str = "", _deadline_s: float = 0) -> None:
        self.calls = 0

    async def find(self, picture: npt.NDArray[np.uint8], most: int = 1, version: str = "1") -> FaceAnswer:
        self.calls += 1
        who, count, level = (int(each) for each in picture[0, 0])
        count = min(count, most)
        boxes = np.tile(np.array([[80, 80, 240, 240, 0.95]], np.float32), (count, 1))
        points = np.tile(np.array([[[120, 130], [200, 130], [160, 170], [160, 205]]], np.float32), (count, 1, 1))
        quality = np.full((count, 5), 0.95, np.float32)
        if level == BLURRED:
            quality[:, 1] = 0.05
        vectors = np.array([vector_of(who + each) for each in range(count)], np.float32).reshape(-1, 128)
        return FaceAnswer(boxes, points, quality, vectors)

    async def close(self) -> None:
        """Nothing to close."""


def drawn(who: int, faces: int = 1, level: int = GOOD) -> bytes:
    pixels = np.random.default_rng(who).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    pixels[0, 0] = (level, faces, who)  # BGR
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def form(picture: bytes, fields: dict[str, Any]) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for name, value in fields.items():
        data.add_field(name, str(value))
    data.add_field("picture", picture, filename="p.png", content_type="image/png")
    return data


def grounds(watchlist: str, incident: str, **changes: Any) -> dict[str, Any]:
    said = {
        "watchlist_id": watchlist,
        "category": "violence",
        "reason": "Hit a guard",
        "incident_id": incident,
        "source": "incident-evidence",
        "evidence": "Clip 7",
        "review_on": (now() + timedelta(days=60)).date().isoformat(),
        "expires_at": (now() + timedelta(days=180)).isoformat(),
        "under_18": "false",
        "vulnerable": "false",
        "age_basis": "Identity card seen",
        "notice_given_on": now().date().isoformat(),
        "notice_how": "Letter",
    }
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


async def make_list(product: Product, **changes: Any) -> str:
    body = {
        "store_id": await product.store(),
        "name": "Violence",
        "category": "violence",
        "purpose": "Keep staff safe",
        **changes,
    }
    status, made = await product.ask("POST", "/api/v1/watchlists", body)
    assert status == 201, made
    return str(made["id"])


async def make_incident(product: Product) -> str:
    body = {"store_id": await product.store(), "kind": "violence", "title": "A blow"}
    status, made = await product.ask("POST", "/api/v1/incidents", body)
    assert status == 201, made
    return str(made["id"])


async def make_person(product: Product, token: str, name: str = "Ada Example") -> str:
    status, made = await product.ask("POST", "/api/v1/persons", {"store_id": await product.store(), "name": name}, token=token)
    assert status == 201, made
    return str(made["id"])


async def enrol(product: Product, token: str, person: str, picture: bytes, fields: dict[str, Any]) -> tuple[int, Any]:
    return await product.ask("POST", f"/api/v1/persons/{person}/enrolments", token=token, data=form(picture, fields))


async def add_match(product: Product, enrolment: str, camera: str, track: int = 1) -> str:
    match = uuid.uuid4()
    await product.sql(
        "INSERT INTO matches (id, chain_id, store_id, camera_id, epoch, track_id, captured_at, enrolment_id, person_id,"
        " watchlist_id, match_score, band, threshold, model, model_version, policy_revision)"
        " SELECT $1, e.chain_id, c.store_id, c.id, 1, $4, now(), e.id, e.person_id, e.watchlist_id, 0.96, 'high', 0.94,"
        " 'face_embedding', '1', 1 FROM enrolments e, cameras c WHERE e.id = $2 AND c.id = $3",
        match, uuid.UUID(enrolment), uuid.UUID(camera), track,
    )  # fmt: skip
    return str(match)
