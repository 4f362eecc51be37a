"""A Chromium to test with: the system's, Playwright's own, or one installed now. Never none: a missing browser fails the run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_or_install(playwright: Playwright) -> str:
    """Path of a Chromium executable.

    Raises:
        RuntimeError: there is none and none could be installed; says what was tried.
    """
    if system := next((path for name in NAMES if (path := shutil.which(name))), None):
        return system
    own = Path(playwright.chromium.executable_path)
    if own.exists():
        return str(own)
    tried = [_attempt([sys.executable, "-m", "playwright", "install", "chromium"])]
    if own.exists():
        return str(own)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        tried += [_attempt(["apt-get", "update"]), _attempt(["apt-get", "install", "-y", "--no-install-recommends", "chromium"])]
    if system := next((path for name in NAMES if (path := shutil.which(name))), None):
        return system
    raise RuntimeError("No Chromium here, and none could be installed:\n" + "\n".join(tried))


def _attempt(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
        return f"{' '.join(command)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)}: still running after 10 minutes"
