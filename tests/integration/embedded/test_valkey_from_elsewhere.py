"""The deployed Valkeys let in whoever has a password, from elsewhere too: started with the chart's and compose's own files."""

import contextlib
import functools
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml

from app.deployment.manifests import make_values
from app.embedded.valkey import binary

ROOT = Path(__file__).resolve().parents[3]
SERVERS = ("bus", "memory")
OF_OLDER_SECRETS = "user default off nopass resetkeys resetchannels -@all"


@functools.cache
def configurations() -> dict[str, str]:
    """valkey.conf of the chart's default profile and of compose.yaml, by where it is for and which server."""
    rendered = yaml.safe_load_all((ROOT / "k8s/golden/default.yaml").read_text("utf-8"))
    chart = {each["metadata"]["name"]: each["data"] for each in rendered if each["kind"] == "ConfigMap"}
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["configs"]
    found = {f"chart-{name}": chart[f"pp-pennyprotect-{name}"]["valkey.conf"] for name in SERVERS}
    return found | {f"compose-{name}": compose[name]["content"] for name in SERVERS}


def address() -> str:
    """An address of this machine that is no loopback; nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))
        found = str(asked.getsockname()[0])
        if not found.startswith("127."):
            return found
    pytest.skip("this machine has no address but loopback")


@contextlib.contextmanager
def started(config: str, acl: str, folder: Path) -> Iterator[int]:
    """Valkey with this configuration, its paths and port moved here."""
    with socket.socket() as free:
        free.bind(("0.0.0.0", 0))  # noqa: S104 - the point of the test
        port = int(free.getsockname()[1])
    (folder / "users.acl").write_text(acl)
    moved = []
    for line in config.splitlines():
        word = line.split(" ")[0]
        moved.append({"port": f"port {port}", "dir": f"dir {folder}", "aclfile": f"aclfile {folder}/users.acl"}.get(word, line))
    (folder / "valkey.conf").write_text("\n".join(moved) + "\n")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([str(binary()), str(folder / "valkey.conf")], stdout=log, stderr=log)
    try:
        yield port
    finally:
        server.terminate()
        server.wait(20)


def answered(client: "redis.Redis", folder: Path) -> bool:
    """PING, asked again while the server starts."""
    until = time.monotonic() + 30
    while True:
        try:
            return bool(client.ping())
        except (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError):
            raise
        except redis.exceptions.ConnectionError:
            if time.monotonic() > until:
                raise AssertionError((folder / "log").read_text("utf-8")) from None
            time.sleep(0.05)


@pytest.mark.parametrize("deployment", ["chart", "compose"])
@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("older", [False, True])
def test_a_user_with_a_password_comes_in_from_another_machine_and_nobody_else_does(
    tmp_path: Path, deployment: str, name: str, older: bool
) -> None:
    """`older`: the ACL of Secrets made before the default user lost its `nopass`, which stay as they are."""
    values, here = make_values(), address()
    acl = values[f"{name}.acl"]
    if older:
        acl = "\n".join([OF_OLDER_SECRETS, *acl.splitlines()[1:]]) + "\n"
    with started(configurations()[f"{deployment}-{name}"], acl, tmp_path) as port:
        with redis.Redis(here, port, username="service", password=values[f"{name}.service"], socket_timeout=5) as known:
            assert answered(known, tmp_path)
        with redis.Redis(here, port, socket_timeout=5) as stranger, pytest.raises(redis.exceptions.AuthenticationError):
            stranger.ping()
        with (
            redis.Redis(here, port, username="default", password="", socket_timeout=5) as stranger,
            pytest.raises(redis.exceptions.AuthenticationError),
        ):
            stranger.ping()
