"""`pennyprotect models push|promote|rollback|retire`: the way to a running service; `key` and `sign` need none."""

import contextlib
import io
import json
import os
import tarfile
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.kit.errors import BadInputError, PennyError
from app.models import signing
from app.tenancy.policy.command import ServiceClient

PUSH_S = 900.0
LISTEN_S = 2.0


def make_key(path: Path) -> Path:
    """Write a new private key (0600) and its public half beside it; the latter's path."""
    if path.exists():
        raise BadInputError(f"{path} exists already; keys are never overwritten.")
    key, public = Ed25519PrivateKey.generate(), path.with_suffix(".pub.pem")
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    shown = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(shown)
    return public


def sign(folder: Path, key_file: Path) -> str:
    """Sign a package's folder; the id of the key."""
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise BadInputError(f"{key_file} holds no private key that can be read.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInputError(f"{key_file} holds no Ed25519 key; make one by `pennyprotect models key`.")
    return signing.sign(folder, key)


def packed(folder: Path) -> bytes:
    """The folder's files as a tar."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in signing.FILES:
            if not (folder / name).is_file():
                raise BadInputError(f"{folder} lacks {name}; run `pennyprotect models sign` on it.")
            archive.add(folder / name, arcname=name, recursive=False)
    return content.getvalue()


def push(home: Path, folder: Path, accept_licence: str, slower: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Push a signed folder; `tell` hears what it does meanwhile."""
    query = urllib.parse.urlencode({"accept_licence": accept_licence, "slower": slower})
    package, over = packed(folder), threading.Event()
    listening = threading.Thread(target=_listen, args=(ServiceClient(home), over, tell), daemon=True)
    listening.start()
    try:
        pushed: dict[str, Any] = ServiceClient(home).send(
            "POST", f"/models/versions?{query}", package, "application/x-tar", PUSH_S
        )
    finally:
        over.set()
    listening.join(LISTEN_S)
    return pushed


def _listen(client: ServiceClient, over: threading.Event, tell: Callable[[str], None]) -> None:
    """Until the push is over; a service that does not say costs the words alone."""
    last = ""
    while not over.wait(LISTEN_S):
        with contextlib.suppress(PennyError):
            said = "; ".join(client.ask("GET", "/models").get("pushing", []))
            if said and said != last:
                tell(said)
            last = said


def models(home: Path) -> dict[str, Any]:
    """Pointers and versions."""
    found: dict[str, Any] = ServiceClient(home).ask("GET", "/models")
    return found


def outcomes(home: Path, days: int) -> dict[str, Any]:
    """What people decided about what versions led to."""
    found: dict[str, Any] = ServiceClient(home).ask("GET", f"/models/outcomes?days={days}")
    return found


def promote(home: Path, model: str, version: int, share: float, limits: dict[str, float], may_miss: int = 0) -> dict[str, Any]:
    """Promote by number."""
    body = {"share": share, "limits": limits, "may_miss": may_miss}
    moved: dict[str, Any] = of_version(ServiceClient(home), model, version, "promote", body)
    return moved


def shadow(home: Path, model: str, version: int, share: float) -> dict[str, Any]:
    """Begin a shadow run by number."""
    begun: dict[str, Any] = of_version(ServiceClient(home), model, version, "shadow", {"share": share})
    return begun


def end_shadow(home: Path, model: str) -> dict[str, Any]:
    """End the one that runs."""
    ended: dict[str, Any] = ServiceClient(home).ask("POST", "/models/shadow/end", {"model": model})
    return ended


def shadow_report(home: Path, model: str) -> dict[str, Any]:
    """What the run that goes on, or the last one, showed; cameras with their names."""
    client = ServiceClient(home)
    report: dict[str, Any] = client.ask("GET", f"/models/shadow?{urllib.parse.urlencode({'model': model})}")
    names = _names(client)
    for each in (*report["cameras"], *report["disagreements"]):
        each["camera"] = names.get(each["camera_id"], each["camera_id"])
    return report


def camera_names(home: Path) -> dict[str, str]:
    """By id; none where the service does not say."""
    with contextlib.suppress(PennyError):
        return _names(ServiceClient(home))
    return {}


def _names(client: ServiceClient) -> dict[str, str]:
    return {each["id"]: each["name"] for each in client.every("/cameras")}


def retire(home: Path, model: str, version: int) -> dict[str, Any]:
    """Retire by number."""
    gone: dict[str, Any] = of_version(ServiceClient(home), model, version, "retire", {})
    return gone


def roll_back(home: Path, model: str) -> dict[str, Any]:
    """Take the last promotion back."""
    moved: dict[str, Any] = ServiceClient(home).ask("POST", "/models/rollback", {"model": model})
    return moved


def of_version(client: ServiceClient, model: str, version: int, act: str, body: dict[str, Any]) -> Any:
    """An act on a version that is known by its number."""
    known = client.ask("GET", "/models")["versions"]
    found = [each["id"] for each in known if (each["model"], each["version"]) == (model, version)]
    if not found:
        raise BadInputError(f"There is no pushed version {version} of {model}; `pennyprotect models status` lists them.")
    return client.send("POST", f"/models/versions/{found[0]}/{act}", json.dumps(body).encode(), "application/json", PUSH_S)
