"""Logs say what the service did and hold nothing of a person: no name, no word of a note, no address, no secret.

The service logs as it does in production (one JSON object a line, every level but debug), while people work and while the
database refuses rows in the middle of their work, so that faults with their traces are among what is read.
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.integration.production_logs import production_logs
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.service.sign_in import PASSWORD, add_user, token_of

USER, STRANGER, PERSON = "quillfeather", "Zephyrine-Unknown", "Barnabas Thistlewood"
NOTE, TITLE = "limps and shouts at the till", "Thistlewood took two bottles"
CAMERA_PASSWORD, WRONG_PASSWORD = "hunter2-rtsp", "not-this-one-either"
REFUSED = "ADD CONSTRAINT refused CHECK (id IS NULL) NOT VALID"


@pytest.fixture(autouse=True)
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process logs, from before the service is built until it has stopped."""
    with production_logs("service", monkeypatch) as lines:
        yield lines


async def ask(product: Product, method: str, path: str, body: Any = None, *, token: str) -> tuple[int, Any]:
    """As `product.ask`, once more on a new connection where the server has just closed the old one after a fault."""
    try:
        return await product.ask(method, path, body, token=token)
    except aiohttp.ClientOSError:
        return await product.ask(method, path, body, token=token)


async def work(product: Product, token: str) -> list[int]:
    """What a person does on a day, with everything that must not be read in a log; how adding was answered."""
    store = await product.store()
    camera = {"store_id": store, "name": "Door", "url": f"rtsp://viewer:{CAMERA_PASSWORD}@127.0.0.1:9/x"}
    added = [(await ask(product, "POST", "/api/v1/cameras", camera, token=token))[0]]
    await ask(product, "POST", "/api/v1/cameras/probe", {"url": camera["url"]}, token=token)
    incident = {"store_id": store, "kind": "theft", "title": TITLE}
    status, made = await ask(product, "POST", "/api/v1/incidents", incident, token=token)
    case = made["id"] if status == 201 else store
    added += [status, (await ask(product, "POST", f"/api/v1/incidents/{case}/notes", {"text": NOTE}, token=token))[0]]
    await ask(product, "PATCH", f"/api/v1/incidents/{case}", {"police_reference": "K-7734-thistle"}, token=token)
    person = {"store_id": store, "name": PERSON}
    added += [(await ask(product, "POST", "/api/v1/persons", person, token=token))[0]]
    await ask(product, "GET", f"/api/v1/persons?q={PERSON.replace(' ', '%20')}&limit=nonsense", token=token)
    await ask(product, "GET", f"/api/v1/nothing/{PERSON.replace(' ', '-')}?access_token={token}", token=token)
    return added


async def test_logs_hold_nothing_of_a_person_and_no_secret(product: Product, written: io.StringIO) -> None:
    await add_user(product, USER, "chain-administrator", "investigator", "enroller")
    await product.sign_in(STRANGER, WRONG_PASSWORD)
    await product.sign_in(USER, WRONG_PASSWORD)
    tokens = await token_of(product, USER)
    assert await work(product, tokens["access_token"]) == [201, 201, 201, 409]  # nobody is enrolled while faces are off
    socket = await product.open_socket(tokens["access_token"])
    await socket.send_str(json.dumps({"type": "resume", "cursor": PERSON}))
    await socket.send_str(f"{PERSON} is no message")
    await socket.close()
    for table in ("audit_unsealed", "incidents", "cameras"):
        await product.sql(f"ALTER TABLE {table} {REFUSED}")
    await work(product, tokens["access_token"])
    await ask(product, "POST", "/api/v1/incidents", {"title": NOTE}, token="not.a.token")
    logs = written.getvalue()
    entries = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    assert any("CheckViolationError" in str(each.get("exception")) for each in entries), "no fault was logged: nothing is proven"
    private = (
        USER, STRANGER, PERSON, "Thistlewood", NOTE, TITLE, "7734", CAMERA_PASSWORD, WRONG_PASSWORD, PASSWORD, WORKER_KEY,
        tokens["access_token"], tokens["refresh_token"], product.token, "j" * 40,
    )  # fmt: skip
    told = [(word, line) for word in private for line in logs.splitlines() if word.lower() in line.lower()]
    assert told == []
