"""The chart, rendered by the real Helm engine. These tests run in an environment of their own (`make verify`): the engine, the
Kubernetes schemas and the scanners have no place in the product's."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python import Chart

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "helm" / "pennyprotect"
PROFILES = {"default": None} | {path.stem.removeprefix("values-"): path for path in sorted(CHART.glob("values-*.yaml"))}
RELEASE, NAMESPACE = "pp", "stores"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
LOCK = ROOT / "requirements" / "service.txt"
Manifest = dict[str, Any]
Render = Callable[[dict[str, Any]], list[Manifest]]


def profile(name: str) -> dict[str, Any]:
    """The values of a profile."""
    path = PROFILES[name]
    return {} if path is None else yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="session")
def chart() -> Iterator[Chart]:
    """The chart, loaded once."""
    with Chart.load(str(CHART)) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def render(chart: Chart) -> Render:
    """Values to manifests, as `helm install pp --namespace stores` would send them."""

    def rendered(values: dict[str, Any]) -> list[Manifest]:
        files = chart.render(values=values, name=RELEASE, namespace=NAMESPACE, is_install=True, revision=1)
        texts = [text for path, text in sorted(files.items()) if path.endswith(".yaml")]
        return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]

    return rendered


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(name of its owner, pod: `metadata` and `spec`) of everything that runs pods."""
    for manifest in manifests:
        name = f"{manifest['kind']}/{manifest['metadata']['name']}"
        if manifest["kind"] == "Pod":
            yield name, manifest
        elif manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield name, manifest["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    """Init containers and containers."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def run(command: list[str], **more: object) -> "subprocess.CompletedProcess[str]":
    """A command with its words."""
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **more)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like /opt/pennyprotect: the environment from the lock, and what COPY names."""
    root = tmp_path_factory.mktemp("image")
    venv, source = root / "venv", root / "src"
    uv, python = shutil.which("uv") or str(ROOT / ".venv-uv" / "bin" / "uv"), str(venv / "bin" / "python")
    pinned = ["--no-deps", "--require-hashes", "-r", str(LOCK)]
    if Path(uv).exists():
        made = [run([uv, "venv", "-q", "--python", sys.executable, str(venv)])]
        made.append(run([uv, "pip", "install", "-q", "--python", python, *pinned]))
    else:
        made = [run([sys.executable, "-m", "venv", str(venv)])]
        made.append(run([python, "-m", "pip", "install", "-q", *pinned]))
    assert [each.stderr for each in made if each.returncode] == []
    here = DOCKERFILE[: DOCKERFILE.index("AS pyds")]  # what follows is the GPU worker's image, with a lock of its own
    copied = re.findall(r"^COPY (\S+?)/? /opt/pennyprotect/src/(\S+?)/?$", here, re.MULTILINE)
    assert {target for _, target in copied} >= {"app", "db/migrations", "triton_models"}
    for origin, target in copied:
        shutil.copytree(ROOT / origin, source / target, ignore=shutil.ignore_patterns("__pycache__"))
    command, script = venv / "bin" / "pennyprotect", (ROOT / "docker" / "pennyprotect").read_text("utf-8")
    command.write_text(script.replace("/opt/pennyprotect/venv/bin/python", python))
    command.chmod(0o755)
    packages = next((venv / "lib").glob("python3.*/site-packages"))
    (packages / "pennyprotect.pth").write_text(str(source))
    return root


def pennyprotect(image: Path, state: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command of the image with nothing of this machine's environment."""
    clean = {"PATH": f"{image}/venv/bin:/usr/bin:/bin", "PENNYPROTECT_HOME": str(state), "PENNYPROTECT_CACHE": f"{state}/cache"}
    return run([str(image / "venv/bin/pennyprotect"), *arguments], env=clean | environment, cwd=state)
