"""Who gets in, who does not, and for how long."""

import asyncio
import json
import re
import stat

import pytest

from app.first_run import first_run
from tests.integration.service.conftest import WORKER_KEY, Product

OPEN = re.compile(
    r"/(healthz|readyz|metrics|openapi\.json)|/api/v1/auth/(token|logout|oidc|oidc/start|oidc/callback)"
    r"|/api/v1/(public/exports|uploads)/\{token\}"  # opened by the token in their address alone: 403 without a good one
)
NOBODY = "0198f000-0000-7000-8000-000000000000"


async def test_every_operation_refuses_a_stranger_even_with_nonsense(product: Product) -> None:
    document = (await product.ask("GET", "/openapi.json", token=""))[1]
    leaks = []
    for path, operations in document["paths"].items():
        for method in operations:
            if OPEN.fullmatch(path):
                continue
            address = re.sub(r"\{[^}]+\}", NOBODY, path)
            for token in ("", "x", "eyJh.e30.x", f"{WORKER_KEY}x"):
                status, answer = await product.ask(method.upper(), address, token=token, data=b"{nonsense")
                if status != 401 or answer["status"] != 401:
                    leaks.append((method, path, token, status))
    assert leaks == []


@pytest.mark.matrix
async def test_nonsense_from_an_administrator_is_a_problem_and_never_a_crash(product: Product) -> None:
    document = (await product.ask("GET", "/openapi.json"))[1]
    store, camera = await product.store(), await product.camera()
    hostile = {"name": "\0", "url": "rtsp://h/\ud800", "store_id": store, "kind": "\0", "polygon": [[1e308, -1]] * 70}
    bodies = ["{}", "[]", "null", "5", '"x"', "{", json.dumps(hostile), "[" * 2000]
    queries = ["", "?cursor=%00&kind=%00", "?cursor=AAAA&limit=0", "?limit=1e9&since=x", "?kind=%00"]
    queries += ["?since=0001-01-01T00:00:00%2B14:00", "?cursor=" + "_" * 32]
    crashes = []
    for path, operations in document["paths"].items():
        for method in operations:
            if path in ("/readyz", "/api/v1/auth/logout"):
                continue
            for who in (NOBODY, camera["id"], "%00", "x" * 300):
                address = re.sub(r"\{[^}]+\}", who, path)
                given = queries if method == "get" else bodies
                for each in given:
                    more = {} if method == "get" else {"data": each, "headers": {"Content-Type": "application/json"}}
                    suffix = each if method == "get" else ""
                    if method == "delete" and who == camera["id"] and "zones" not in path and "rules" not in path:
                        continue
                    if "snapshot" in path and who == camera["id"]:
                        continue
                    status, answer = await product.ask(method.upper(), address + suffix, **more)
                    problem = isinstance(answer, dict) and answer.get("status") == status and answer.get("detail")
                    if (status >= 500 and status != 503) or (status >= 400 and not problem):
                        crashes.append((method, address, each, status, answer))
    assert crashes == []


async def test_first_set_up_is_done_once_and_tells_only_the_owner(product: Product) -> None:
    file = product.settings.home / "credentials.json"
    before = file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await first_run(product.settings, product.owner_url)
    assert file.read_text("utf-8") == before
    counts = await product.sql("SELECT (SELECT count(*) FROM users) AS u, (SELECT count(*) FROM cameras) AS c")
    assert (counts[0]["u"], counts[0]["c"]) == (1, 1)


async def test_wrong_passwords_are_slowed_down_and_told_alike(product: Product) -> None:
    answers = {}
    for name in ("admin", "nobody"):
        answers[name] = [(await product.sign_in(name, "wrong")) for _ in range(6)]
    assert [status for status, _ in answers["admin"]] == [status for status, _ in answers["nobody"]] == [401] * 4 + [429] * 2
    assert answers["admin"][0][1] == answers["nobody"][0][1]


async def test_refresh_rotates_and_a_replayed_token_ends_the_session(product: Product) -> None:
    credentials = json.loads((product.settings.home / "credentials.json").read_text("utf-8"))
    first = (await product.sign_in(credentials["username"], credentials["password"]))[1]

    async def refresh(token: str) -> tuple[int, dict[str, str]]:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return await product.ask("POST", "/api/v1/auth/token", token="", data=form)

    status, second = await refresh(first["refresh_token"])
    assert status == 200
    status, shared = await refresh(first["refresh_token"])  # another tab at the same moment
    assert (status, shared["refresh_token"]) == (200, None)
    await product.sql("UPDATE sessions SET rotated_at = now() - interval '1 minute'")
    assert (await refresh(first["refresh_token"]))[0] == 401
    assert (await refresh(second["refresh_token"]))[0] == 401
    await asyncio.sleep(2.1)
    assert (await product.ask("GET", "/api/v1/auth/me", token=second["access_token"]))[0] == 401
    acts = {row["act"] for row in await product.sql("SELECT act FROM audit_unsealed")}
    assert {"log-in", "refresh-replayed"} <= acts


async def test_a_member_of_one_store_sees_no_other(product: Product) -> None:
    camera = await product.camera()
    alert = await product.alert(camera)
    await product.sql(
        "WITH s AS (INSERT INTO stores (id, chain_id, name) SELECT gen_random_uuid(), id, 'Other' FROM chains RETURNING id)"
        " UPDATE memberships SET store_id = (SELECT id FROM s), role = 'operator'"
    )
    await asyncio.sleep(2.1)
    assert (await product.ask("GET", "/api/v1/cameras"))[1]["items"] == []
    assert (await product.ask("GET", f"/api/v1/cameras/{camera['id']}"))[0] == 404
    assert (await product.ask("POST", f"/api/v1/alerts/{alert}/acknowledge", {}))[0] == 404
    assert (await product.ask("DELETE", f"/api/v1/cameras/{camera['id']}"))[0] == 403
    assert [store["name"] for store in (await product.ask("GET", "/api/v1/stores"))[1]["items"]] == ["Other"]


async def test_a_worker_key_opens_the_control_plane_and_nothing_else(product: Product) -> None:
    camera = await product.camera()
    beat = {"worker_id": NOBODY, "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    status, desired = await product.ask("POST", "/api/v1/workers/heartbeat", beat, token=WORKER_KEY)
    assert status == 200
    urls = {each["camera_id"]: each["url"] for each in desired["cameras"]}
    assert urls[camera["id"]] == "rtsp://user:hunter2@127.0.0.1:9/x"
    again = (await product.ask("POST", "/api/v1/workers/heartbeat", beat, token=WORKER_KEY))[1]
    assert again["revision"] == desired["revision"]
    assert (await product.ask("GET", "/api/v1/cameras", token=WORKER_KEY))[0] == 403
    assert (await product.ask("POST", "/api/v1/workers/heartbeat", beat))[0] == 403
