"""`pennyprotect policy`: the way to a running service, with the administrator's credentials of this state folder."""

import hashlib
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.kit.clock import now
from app.kit.errors import BadInputError, SetupError, UnavailableError
from app.tenancy.policy.report import annex

TIMEOUT_S = 20.0
TOO_MANY = 429
MOST_TRIES = 8
LONGEST_WAIT_S = 10.0
CHANNELS = ("/notifications/channels", "/webhooks")


class ServiceClient:
    """Asks the service as the administrator whom `credentials.json` names: every check and audit row is the service's own."""

    def __init__(self, home: Path) -> None:
        try:
            known = json.loads((home / "credentials.json").read_text("utf-8"))
            self._url, form = known["url"].rstrip("/"), {"username": known["username"], "password": known["password"]}
        except (OSError, ValueError, KeyError) as error:
            raise SetupError(f"{home}/credentials.json cannot be read; start the product there first.") from error
        if not self._url.startswith(("http://", "https://")):
            raise SetupError(f"{home}/credentials.json names no address of a service.")
        body = urllib.parse.urlencode({"grant_type": "password", **form}).encode()
        self._token = self._send("POST", "/auth/token", body, "application/x-www-form-urlencoded")["access_token"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Any:
        """The JSON answer; BadInputError with the service's sentence when it refuses. `key` makes a repetition harmless."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._send(method, path, None if body is None else json.dumps(body).encode(), "application/json", headers)

    def form(self, path: str, fields: Mapping[str, str], picture: bytes, key: str) -> Any:
        """The JSON answer to a multipart form with a picture; `key` makes a repetition harmless."""
        boundary = secrets.token_hex(16)
        parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode() for name, text in fields.items()]
        head = b'Content-Disposition: form-data; name="picture"; filename="picture"\r\nContent-Type: image/jpeg\r\n\r\n'
        body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in [*parts, head + picture])
        kind = f"multipart/form-data; boundary={boundary}"
        return self._send("POST", path, body + b"--%s--\r\n" % boundary.encode(), kind, {"Idempotency-Key": key})

    def send(self, method: str, path: str, body: bytes | None, kind: str, timeout_s: float = TIMEOUT_S) -> Any:
        """The JSON answer to bytes of some kind."""
        return self._send(method, path, body, kind, timeout_s=timeout_s)

    def every(self, path: str) -> list[dict[str, Any]]:
        """The items of all pages of a list."""
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"next": ""}
        while page["next"] is not None:
            cursor = f"&cursor={urllib.parse.quote(page['next'])}" if page["next"] else ""
            page = self.ask("GET", f"{path}{'&' if '?' in path else '?'}limit=100{cursor}")
            found += page["items"]
        return found

    def store(self, named: str) -> str:
        """The id of the store of this id or name; the only one where none is named."""
        stores = self.every("/stores")
        found = [each["id"] for each in stores if named in ("", each["id"], each["name"])]
        if len(found) != 1:
            raise BadInputError(f"Name one store with --store: {', '.join(each['name'] for each in stores)}.")
        return str(found[0])

    def _send(
        self, method: str, path: str, body: bytes | None, kind: str, headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:  # fmt: skip
        given = {"Content-Type": kind, **(headers or {})}
        request = urllib.request.Request(f"{self._url}/api/v1{path}", body, given, method=method)  # noqa: S310
        if token := getattr(self, "_token", ""):
            request.add_header("Authorization", f"Bearer {token}")
        for tried in range(MOST_TRIES):
            try:
                return self._once(request, timeout_s)
            except urllib.error.HTTPError as error:
                if error.code != TOO_MANY or tried == MOST_TRIES - 1:
                    raise BadInputError(_sentence(error)) from error
                time.sleep(min(LONGEST_WAIT_S, _wait_s(error)) * (1 + secrets.randbelow(100) / 200))
        raise AssertionError  # the last try returns or raises

    def _once(self, request: urllib.request.Request, timeout_s: float) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - http or https, checked above
                return json.loads(answer.read())
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise UnavailableError(f"The service at {self._url} does not answer; is the product running?") from error


def show(home: Path, store: str) -> dict[str, Any]:
    """The policy as it stands."""
    client = ServiceClient(home)
    standing: dict[str, Any] = client.ask("GET", f"/stores/{client.store(store)}/policy")
    return standing


def change(home: Path, store: str, off: list[str], wanted: dict[str, Any]) -> dict[str, Any]:
    """Switch off at once, or propose what `wanted` says; what it leaves out stays as it is."""
    client = ServiceClient(home)
    path = f"/stores/{client.store(store)}/policy"
    if off:
        answer: dict[str, Any] = client.ask("POST", f"{path}/off", {"switches": off, "reason": "command line"})
        return answer
    current = client.ask("GET", path)["current"]
    proposed: dict[str, Any] = client.ask("PUT", path, {**current["switches"], **current["papers"], **wanted})
    return proposed


def record_acceptance(home: Path, store: str, file: Path, by: str, *, passed: bool) -> dict[str, Any]:
    """Record what `bench acceptance` measured. BadInputError when the file holds no such document."""
    try:
        raw = file.read_bytes()
        record = json.loads(raw)["record"]
        body = {**record, "performed_by": by, "passed": passed, "report_reference": f"sha256 {hashlib.sha256(raw).hexdigest()}"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{file} is no report of `pennyprotect bench acceptance --json`.") from error
    client = ServiceClient(home)
    made: dict[str, Any] = client.ask("POST", f"/stores/{client.store(store)}/policy/acceptance-tests", body)
    return made


def report(home: Path, store: str) -> dict[str, Any]:
    """The annex of a store."""
    client = ServiceClient(home)
    path = f"/stores/{client.store(store)}/policy"
    history = client.every(f"{path}/history")
    return annex(client.ask("GET", path), history, now().isoformat(timespec="seconds"), _site(client, path.split("/")[2]))


def _site(client: ServiceClient, store_id: str) -> dict[str, Any]:
    """What else the annex tells: cameras with their masks, and who reaches the store."""
    cameras = client.every(f"/cameras?store_id={store_id}")
    for camera in cameras:
        camera["masks"] = client.ask("GET", f"/cameras/{camera['id']}/masks")["items"]
        camera["removed"] = client.ask("GET", f"/cameras/{camera['id']}/masks/removed")["items"]
    return {
        "store": client.ask("GET", f"/stores/{store_id}"),
        "users": client.every("/users"),
        "keys": client.every("/api-keys"),
        "provider": client.ask("GET", "/auth/oidc/provider"),
        "cameras": cameras,
        "retention": client.ask("GET", "/retention"),
        "channels": [*{each["id"]: each for path in CHANNELS for each in client.every(path)}.values()],
        "second_look": client.ask("GET", f"/stores/{store_id}/second-look"),
        "lists": [each for each in client.every(f"/watchlists?store_id={store_id}") if each["retired_at"] is None],
    }


def _wait_s(error: urllib.error.HTTPError) -> float:
    try:
        return max(0.1, float(error.headers.get("Retry-After", "1")))
    except ValueError:
        return 1.0


def _sentence(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read())
        listed = "".join(f"\n  {gap['switch']}: {gap['field']}: {gap['why']}" for gap in problem.get("missing", ()))
        return f"{problem['detail']}{listed}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The service answered with status {error.code}."
