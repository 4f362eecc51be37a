"""Real servers, really killed: what dies comes back, what is stopped leaves nothing, what is held is refused."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.embedded.privileges import CAP_DAC_READ_SEARCH, Identity, in_child

CHECKOUT = Path(__file__).resolve().parents[3]
SERVERS = ("postgres", "bus", "memory", "triton")
READY_S = 60.0
Start = Callable[..., "Run"]


def _identity(user: str) -> Identity:
    """Another user, who may still read this environment where root keeps it to itself."""
    entry = pwd.getpwnam(user)
    return Identity(entry.pw_uid, entry.pw_gid, CAP_DAC_READ_SEARCH)


class Run:
    """A running harness."""

    def __init__(self, home: Path, user: str | None = None) -> None:
        self.home = home
        self.out = home.parent / f"{home.name}.out"
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.embedded.harness", str(home)],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=None if user is None else in_child(_identity(user), signal.SIGKILL),
                env=dict(os.environ, HOME=str(home.parent), PYTHONDONTWRITEBYTECODE="1"),
            )

    def wait_until_ready(self, times: int = 1) -> float:
        """Seconds until it said READY for the n-th time."""
        started = time.monotonic()
        while self.output().count("READY") < times:
            assert self.process.poll() is None, self.output()
            assert time.monotonic() - started < READY_S, self.output()
            time.sleep(0.05)
        return time.monotonic() - started

    def output(self) -> str:
        """What it printed."""
        return self.out.read_text()

    def parts(self) -> dict[str, dict[str, object]]:
        """The supervisor's own account."""
        return json.loads((self.home / "run" / "parts.json").read_text())

    def left(self) -> dict[int, str]:
        """Live processes that name this home in their command line, environment or working folder."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes()
                where = words + (folder / "environ").read_bytes() + bytes((folder / "cwd").readlink())
                if str(self.home).encode() in where:
                    found[int(folder.name)] = words.replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
        return found

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal its whole group, as a terminal does; its exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(timeout=40)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts harnesses and ends what a failed test leaves."""
    runs: list[Run] = []

    def begin(home: Path, user: str | None = None) -> Run:
        home.parent.mkdir(exist_ok=True)
        runs.append(Run(home, user))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run for the tests that leave it as they found it."""
    run = Run(tmp_path_factory.mktemp("supervised") / "home")
    run.wait_until_ready()
    yield run
    run.stop(signal.SIGTERM)


@pytest.mark.parametrize("part", SERVERS)
def test_killed_server_comes_back(running: Run, part: str) -> None:
    _comes_back(running, part, signal.SIGKILL)


@pytest.mark.matrix
@pytest.mark.parametrize("part", SERVERS)
def test_hung_server_comes_back(running: Run, part: str) -> None:
    _comes_back(running, part, signal.SIGSTOP)


def _comes_back(running: Run, part: str, number: signal.Signals) -> None:
    before = running.parts()[part]
    assert before["phase"] == "ready"
    os.kill(int(str(before["pid"])), number)
    deadline = time.monotonic() + 30
    while (now := running.parts()[part])["pid"] == before["pid"] or now["phase"] != "ready":
        assert time.monotonic() < deadline, (now, running.output())
        time.sleep(0.05)


def test_second_run_on_the_same_home_is_refused(running: Run) -> None:
    command = [sys.executable, "-m", "tests.integration.embedded.harness", str(running.home)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"already runs on {running.home}" in done.stderr
    assert str(running.process.pid) in done.stderr
    assert "Traceback" not in done.stderr
    assert running.process.poll() is None


def test_ctrl_c_leaves_nothing_and_the_second_start_is_fast(tmp_path: Path, start: Start) -> None:
    run = start(tmp_path / "home")
    run.wait_until_ready()
    assert run.left()
    started = time.monotonic()
    assert run.stop() == 0
    assert time.monotonic() - started < 20
    assert run.left() == {}
    again = start(tmp_path / "home")
    assert again.wait_until_ready(times=2) < 30
    assert "restarting" not in again.output()
    assert again.stop(signal.SIGTERM) == 0


def test_killed_supervisor_leaves_nothing_and_the_next_start_works(tmp_path: Path, start: Start) -> None:
    run = start(tmp_path / "home")
    run.wait_until_ready()
    run.process.kill()
    run.process.wait(timeout=5)
    deadline = time.monotonic() + 10
    while run.left():
        assert time.monotonic() < deadline, run.left()
        time.sleep(0.1)
    again = start(tmp_path / "home")
    again.wait_until_ready(times=2)
    assert again.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_works_as_an_ordinary_user(tmp_path_factory: pytest.TempPathFactory, start: Start) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pennyprotect-test-"))  # pytest's own parents are closed to others
    try:
        entry = pwd.getpwnam("nobody")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        run = start(folder / "home", user="nobody")
        run.wait_until_ready()
        assert {path.owner() for path in run.home.iterdir()} == {"nobody"}
        assert run.stop() == 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_closed_parents_and_a_long_path(tmp_path: Path, start: Start) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed / ("a-rather-long-folder-name-" * 4) / "home"
    home.parent.mkdir(mode=0o700)
    run = start(home)
    run.wait_until_ready()
    postgres = int(str(run.parts()["postgres"]["pid"]))
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{postgres}/status").read_text().splitlines() if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) in (0, 1 << 1, 1 << 2)
    assert run.stop() == 0
