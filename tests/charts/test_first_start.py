"""From an empty cluster to the first administrator's own password: the rendered Job's and Deployment's commands, run as the image
would run them, with the rendered environment and the Secret of `pennyprotect secrets`, and a database as CloudNativePG makes it.

Only addresses are others here: there is no cluster whose names could be looked up."""

import base64
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.charts.conftest import ROOT, Manifest, Render, pennyprotect, pods

PRODUCT = os.environ.get("PENNYPROTECT_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
VALUES = {"models": {"acceptLicenses": True}, "networkPolicy": {"cameras": {"cidrs": ["192.168.20.0/24"]}}}
OWN_PASSWORD = "a password of my own 42"


@pytest.fixture(scope="module")
def secret(image: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = pennyprotect(image, tmp_path_factory.mktemp("state"), "secrets", "kubernetes", "--namespace", "stores")
    assert made.returncode == 0, made.stderr
    return {key: base64.b64decode(value).decode() for key, value in json.loads(made.stdout)["items"][0]["data"].items()}


@contextmanager
def servers(secret: dict[str, str], cluster: Manifest) -> Iterator[dict[str, Any]]:
    """Their addresses. The folder is short, for sockets have no long paths."""
    with tempfile.TemporaryDirectory(prefix="pp-") as folder:
        command = [PRODUCT, "-m", "tests.charts.servers", f"{folder}/home"]
        running = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            running.stdin.write(json.dumps({"secrets": secret, "cluster": cluster}) + "\n")
            running.stdin.flush()
            yield json.loads(running.stdout.readline())
        finally:
            running.stdin.close()
            running.wait(60)


def environment(container: Manifest, secret: dict[str, str], there: dict[str, Any]) -> dict[str, str]:
    """What Kubernetes would set, with this machine's addresses in the place of the cluster's."""
    env: dict[str, str] = {}
    for each in container["env"]:
        reference = each.get("valueFrom", {}).get("secretKeyRef")
        if reference is None:
            env[each["name"]] = each["value"]
        elif reference["key"] in secret:
            env[each["name"]] = secret[reference["key"]]
        else:
            assert reference.get("optional"), each
    role = env.get("DB_USER", "").removeprefix("pennyprotect_")
    if role:
        assert env["DB_PASSWORD"] == secret[f"postgres.{role}"]
        env["DATABASE_URL"] = there["postgres"][role]
    for name, server in (("REDIS_URL", "bus"), ("MEMORY_REDIS_URL", "memory")):
        if name in env:
            user = env[name].partition("://")[2].partition(":")[0]
            env[name] = there[server][user]
    return env


def run(image: Path, state: Path, container: Manifest, env: dict[str, str]) -> None:
    """One container of the Job, to its end."""
    done = pennyprotect(image, state, *container["args"], **{**env, "PENNYPROTECT_HOME": str(state)})
    assert done.returncode == 0, done.stderr


@contextmanager
def serving(image: Path, state: Path, container: Manifest, env: dict[str, str]) -> Iterator[str]:
    """The service, ready; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clean = {"PATH": f"{image}/venv/bin:/usr/bin:/bin", **env, "PENNYPROTECT_PORT": str(port), "PENNYPROTECT_HOST": "127.0.0.1"}
    clean |= {"PENNYPROTECT_HOME": str(state), "PENNYPROTECT_CACHE": f"{state}/cache", "TRITON_URL": "127.0.0.1:1"}
    with (state / "service.log").open("w") as log:
        command = [str(image / "venv/bin/pennyprotect"), *container["args"]]
        running = subprocess.Popen(command, env=clean, cwd=state, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 180
            while True:
                try:
                    assert ask(f"http://127.0.0.1:{port}{container['readinessProbe']['httpGet']['path']}")[0] == 200
                    break
                except (OSError, AssertionError):
                    assert running.poll() is None, (state / "service.log").read_text()
                    assert time.monotonic() < until, (state / "service.log").read_text()
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            assert running.wait(60) == 0


def ask(url: str, body: dict[str, str] | bytes | None = None, token: str = "") -> tuple[int, Any]:
    """(status, answer); a map goes as JSON."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    if isinstance(body, dict):
        headers["Content-Type"] = "application/json"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=30) as answer:
            raw, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        raw, status = error.read(), error.code
    return status, json.loads(raw) if raw[:1] == b"{" else raw


def sign_in(base: str, password: str) -> tuple[int, Any]:
    form = urllib.parse.urlencode({"grant_type": "password", "username": "admin", "password": password})
    return ask(f"{base}/api/v1/auth/token", form.encode())


def test_the_first_administrator_chooses_a_password_before_anything_else_opens(
    image: Path,
    render: Render,
    secret: dict[str, str],
    tmp_path: Path,
) -> None:
    manifests = render(VALUES)
    cluster = next(each for each in manifests if each["kind"] == "Cluster")
    found = {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["spec"] for _, pod in pods(manifests)}
    steps = [*found["migrate"]["initContainers"], *found["migrate"]["containers"]]
    (wait,), (service,) = found["service"]["initContainers"], found["service"]["containers"]
    with servers(secret, cluster) as there:
        for number in range(2):  # the second time as after a `helm upgrade`: nothing is made twice
            for step in steps:
                state = tmp_path / f"{step['name']}-{number}"  # a Job's pod has nothing of the one before
                state.mkdir()
                run(image, state, step, environment(step, secret, there))
        state = tmp_path / "service"
        state.mkdir()
        run(image, state, wait, environment(wait, secret, there))
        with serving(image, state, service, environment(service, secret, there)) as base:
            assert sign_in(base, "wrong")[0] == 401
            status, first = sign_in(base, secret["admin_password"])
            assert status == 200, first
            token = first["access_token"]
            assert ask(f"{base}/api/v1/cameras", token=token)[0] == 403
            assert ask(f"{base}/api/v1/auth/me", token=token)[1]["duties"] == ["change-password"]
            change = {"current_password": secret["admin_password"], "new_password": OWN_PASSWORD}
            assert ask(f"{base}/api/v1/auth/password", change, token)[0] == 204
            assert sign_in(base, secret["admin_password"])[0] == 401
            status, second = sign_in(base, OWN_PASSWORD)
            assert status == 200, second
            status, cameras = ask(f"{base}/api/v1/cameras", token=second["access_token"])
            assert (status, cameras["items"]) == (200, []), "a cluster starts without the demo's cameras"
            # The workers' key of the Secret opens the control plane.
            beat = {"worker_id": "01a216d4-8b23-76d4-8de0-3f0b81193ebc", "host": "h", "kind": "cpu", "revision": ""}
            beat |= {"capacity": 1, "running": []}  # type: ignore[dict-item]
            assert ask(f"{base}/api/v1/workers/heartbeat", beat, secret["worker_key"])[0] == 200
