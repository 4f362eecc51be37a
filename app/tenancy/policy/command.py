"""`pennyprotect policy`: the way to a running service, with the administrator's credentials of this state folder."""

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from app.kit.clock import now
from app.kit.errors import BadInputError, SetupError, UnavailableError
from app.tenancy.policy.report import annex

TIMEOUT_S = 20.0


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

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON answer; BadInputError with the service's sentence when it refuses."""
        return self._send(method, path, None if body is None else json.dumps(body).encode(), "application/json")

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

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> Any:
        request = urllib.request.Request(f"{self._url}/api/v1{path}", body, {"Content-Type": kind}, method=method)  # noqa: S310
        if token := getattr(self, "_token", ""):
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - http or https, checked above
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise BadInputError(_sentence(error)) from error
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
    }


def _sentence(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read())
        listed = "".join(f"\n  {gap['switch']}: {gap['field']}: {gap['why']}" for gap in problem.get("missing", ()))
        return f"{problem['detail']}{listed}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The service answered with status {error.code}."
