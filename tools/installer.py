"""Running the programs of a set-up with their output in log files, and making Python environments from locks."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache" / "setup"
UV = "uv==0.13.9"
LAST_LINES = 12
_children: set["subprocess.Popen[bytes]"] = set()
_say_lock = threading.Lock()
_started = time.monotonic()


class SetupFailedError(Exception):
    """A step could not be done; the message says which and what to do."""


def say(text: str) -> None:
    """One progress line with the time since the start."""
    with _say_lock:
        sys.stderr.write(f"[{time.monotonic() - _started:6.1f} s] {text}\n")
        sys.stderr.flush()


def call(name: str, command: list[str], *, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command with its output in `.cache/setup/NAME.log`; raises with the last lines when it fails."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("ab") as out:
        out.write(f"$ {' '.join(command)}\n".encode())
        out.flush()
        try:
            child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env, cwd=cwd)
        except OSError as error:
            raise SetupFailedError(f"{name}: {command[0]} cannot be run ({error.strerror}).") from error
    _children.add(child)
    try:
        code = child.wait()
    finally:
        _children.discard(child)
    if code:
        last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:])
        raise SetupFailedError(
            f"{name}: `{Path(command[0]).name} {' '.join(command[1:4])} ...` failed ({code}). {log} ends with:\n{last}"
        )


def end_children() -> None:
    """End what `call` still runs."""
    for child in list(_children):
        child.terminate()


def runs(command: list[str]) -> bool:
    """Whether a command can be run and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def digest(*paths: Path) -> str:
    """One hash over the files' names and contents."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def environment_python(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / "bin" / "python"


def uv_settings() -> dict[str, str]:
    """The environment for uv: pip's index settings carried over, because uv does not read them."""
    env = dict(os.environ, UV_NO_PROGRESS="1", UV_LINK_MODE=os.environ.get("UV_LINK_MODE", "copy"))
    for theirs, ours in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_EXTRA_INDEX_URL", "UV_INDEX")):
        if theirs in env:
            env.setdefault(ours, env[theirs])
    return env


class Installer:
    """Makes environments: with uv where it is on PATH or can be installed, else with venv and pip."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = False
        self._uv: str | None = None

    def uv(self) -> str | None:
        """The uv executable; installed into `.venv-uv` once, None where it cannot be had."""
        with self._lock:
            if not self._looked:
                self._looked = True
                self._uv = self._find_uv()
            return self._uv

    def _find_uv(self) -> str | None:
        own = ROOT / ".venv-uv" / "bin" / "uv"
        for found in (shutil.which("uv"), str(own)):
            if found and runs([found, "--version"]):
                return found
        try:
            call("uv", [sys.executable, "-m", "venv", "--clear", str(ROOT / ".venv-uv")])
            pip = str(environment_python(ROOT / ".venv-uv"))
            call("uv", [pip, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", UV])
        except SetupFailedError:
            say("uv cannot be installed here; plain pip does the work (slower)")
            return None
        return str(own)

    def install(self, folder: Path, lock: Path, *, python: str, clear: bool) -> None:
        """Make `folder` (anew if `clear`) and install what `lock` pins, with hashes and without resolving."""
        name = folder.name.lstrip(".")
        uv = self.uv()
        if uv:
            try:
                self._with_uv(uv, name, folder, lock, python=python, clear=clear)
                return
            except SetupFailedError as error:
                say(f"{name}: uv did not manage, trying pip ({str(error).splitlines()[-1][:120]})")
        self._with_pip(name, folder, lock, python=python, clear=clear)

    def _with_uv(self, uv: str, name: str, folder: Path, lock: Path, *, python: str, clear: bool) -> None:
        env = uv_settings()
        if clear or not environment_python(folder).exists():
            call(name, [uv, "venv", "--quiet", "--clear", "--python", python, str(folder)], env=env)
        target = str(environment_python(folder))
        call(name, [uv, "pip", "install", "--python", target, "--no-deps", "--require-hashes", "-r", str(lock)], env=env)

    def _with_pip(self, name: str, folder: Path, lock: Path, *, python: str, clear: bool) -> None:
        target = environment_python(folder)
        if shutil.which(python) is None:
            raise SetupFailedError(
                f"{name}: this needs Python {python}, and only uv could fetch one. Install Python {python} with its venv module, "
                "or start with it: make PYTHON=..."
            )
        if clear or not (folder / "bin" / "pip").exists():
            call(name, [python, "-m", "venv", "--clear", str(folder)])
        call(name, [str(target), "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(lock)])
