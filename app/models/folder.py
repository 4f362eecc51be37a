"""The serving repository's folder: versions are staged beside it, tried under a name of their own, and renamed into place.

A version's folder is never changed after it has its name. The configuration says `version_policy { all }`, so what lies in the
folder is what a restarted Triton serves: exactly the versions that passed their checks.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from app.inference.artefacts import sha256_of
from app.inference.contract import SERVED
from app.kit.errors import ConflictError, SetupError

TRIAL: Final = "trial_"
"""Models of this prefix are loaded by a push only, never at a start."""
REASON: Final = "reason.txt"
LOCK_S: Final = 120.0
COMPILED: Final = "compiled"
"""Beside the model folder: what the embedded server compiled, by sha256 of the model (triton_backends/onnxruntime)."""
_COMPILED_BEFORE: Final = ".compiled"
_INSTANCES: Final = re.compile(r"\bcount: \d+")
_NAME: Final = re.compile(r'^name: "[a-z0-9_]+"$', re.MULTILINE)


class ModelFolder:
    """The folder that every Triton of this installation reads."""

    def __init__(self, root: Path, served: Path = SERVED) -> None:
        self.root, self._served = root, served

    def begin(self, model: str) -> None:
        """The configuration of a model, where no Triton of this machine needed it yet. Blocking."""
        place = self.root / model
        if not (place / "config.pbtxt").is_file():
            (place / "1").mkdir(parents=True, exist_ok=True)
            shutil.copytree(self._served / model, place, dirs_exist_ok=True)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder on the same disk, gone at the end.

        Raises:
            SetupError: the disk cannot be written; nothing of the attempt is left.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            place = Path(tempfile.mkdtemp(dir=self.root.parent, prefix=".staging-"))
        except OSError as error:
            raise SetupError(f"{self.root.parent} cannot be written ({error.strerror}); free space there.") from error
        try:
            yield place
        except OSError as error:
            raise SetupError(f"The model cannot be staged ({error.strerror or error}); free space on that disk.") from error
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def open_trial(self, model: str, version: int, staged: Path) -> str:
        """Make a staged version servable under a name of its own; the name. Blocking."""
        name = f"{TRIAL}{version}"
        with self.staging() as place:
            source, made = self._served / model, place / name
            for path in (Path("config.pbtxt"), *(each.relative_to(source) for each in source.glob("configs/*.pbtxt"))):
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                text = _NAME.sub(f'name: "{name}"', (source / path).read_text("utf-8"), count=1)
                # One instance is enough to check a version, and takes half as much from the cameras while it is compiled.
                (made / path).write_text(_INSTANCES.sub("count: 1", text), "utf-8")
            shutil.copytree(staged, made / str(version))
            for path in (made / str(version)).iterdir():
                _force(path)
            made.replace(self.root / name)
        return name

    def close_trial(self, version: int) -> None:
        """Remove what a trial left. Blocking."""
        shutil.rmtree(self.root / f"{TRIAL}{version}", ignore_errors=True)

    def trial_place(self, version: int) -> Path:
        """Where a trial's files are."""
        return self.root / f"{TRIAL}{version}" / str(version)

    def join(self, model: str, version: int) -> None:
        """Give a tried version its place among the served ones. Blocking; one rename."""
        source, target = self.trial_place(version), self.place(model, version)
        if target.exists():
            raise ConflictError(f"Version {version} of {model} is there already and never changed.")
        shutil.rmtree(self._aside / f"{model}-{version}", ignore_errors=True)  # of another database that began to count anew
        try:
            source.replace(target)
            _force(target.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                target.replace(source)
            raise SetupError(f"Version {version} cannot be put in place ({error.strerror}); push it again.") from error

    def leave(self, model: str, version: int) -> None:
        """Take a version out of the served ones, or of the held ones. Blocking."""
        for source in (self.place(model, version), self.held_place(model, version)):
            if source.is_dir():
                with self.staging() as place:
                    source.replace(place / "gone")

    def place(self, model: str, version: int) -> Path:
        """Of a served version."""
        return self.root / model / str(version)

    def hold(self, model: str, version: int) -> None:
        """Where no Triton looks, until `release`. Blocking. OSError."""
        target = self.held_place(model, version)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.place(model, version).replace(target)

    def held_place(self, model: str, version: int) -> Path:
        """Of a held version."""
        return self._held / f"{model}-{version}"

    def release(self, model: str, version: int) -> None:
        """What was held is served again. Blocking. OSError."""
        self.held_place(model, version).replace(self.place(model, version))

    def held(self) -> list[tuple[str, int]]:
        """What is held of models that are served here. Blocking. OSError."""
        try:
            found = [each.name.rpartition("-") for each in sorted(self._held.iterdir())]
        except FileNotFoundError:
            return []
        return [(model, int(number)) for model, _, number in found if is_number(number) and (self.root / model).is_dir()]

    def sweep_compiled(self) -> None:
        """Before the embedded server starts: a folder that its user alone may use, without what no model needs. Blocking.

        What was compiled is not signed, so it lies outside the folder that pushes and `models sync` write.
        """
        place = self.root.parent / COMPILED
        with contextlib.suppress(OSError):  # then the server goes without
            if place.is_symlink():
                place.unlink()
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = place.stat()
            is_ours = found.st_uid == os.geteuid() and not found.st_mode & 0o022  # else anybody may have put anything there
            place.chmod(0o700)
            needed = {sha256_of(each) for each in self.root.glob("*/*/model.onnx")} if is_ours else set()
            for each in [each for each in place.iterdir() if each.name not in needed] + [
                *self.root.glob(f"*/{_COMPILED_BEFORE}")
            ]:
                shutil.rmtree(each, ignore_errors=True)

    def trials(self) -> list[int]:
        """Numbers of the trials that lie here whole. Blocking."""
        found = (each.parent.name.removeprefix(TRIAL) for each in self.root.glob(f"{TRIAL}*/config.pbtxt"))
        return sorted(int(number) for number in found if is_number(number) and (self.root / f"{TRIAL}{number}" / number).is_dir())

    def set_aside(self, model: str, version: int, why: str) -> None:
        """Where no Triton looks, with the reason beside it; once and for all. Blocking."""
        source, target = self.place(model, version), self._aside / f"{model}-{version}"
        with self.staging():  # its disk can be written
            target.mkdir(parents=True, exist_ok=True)
            (target / REASON).write_text(why, "utf-8")
            if source.is_dir():
                with contextlib.suppress(FileNotFoundError):  # another did the same
                    source.replace(target / f"files-{time.time_ns()}")

    def refused(self, model: str) -> dict[int, str]:
        """What was set aside, and why. Blocking."""
        found = {}
        for reason in self._aside.glob(f"{model}-*/{REASON}"):
            if is_number(number := reason.parent.name.removeprefix(f"{model}-")):
                found[int(number)] = reason.read_text("utf-8")
        return found

    @property
    def _aside(self) -> Path:
        return self.root.parent / "refused"

    @property
    def _held(self) -> Path:
        return self.root.parent / "held"

    def versions(self, model: str) -> list[int]:
        """The versions that lie among the served ones; none where the disk does not answer. Blocking."""
        try:
            return self.numbers(model)
        except OSError:
            return []

    def numbers(self, model: str) -> list[int]:
        """`versions`. OSError where the disk does not answer."""
        with os.scandir(self.root / model) as found:
            return sorted(int(each.name) for each in found if is_number(each.name) and each.is_dir())

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Alone among all who change the folder, on this machine or another that shares it. ConflictError after a while."""
        self.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root.parent / ".models.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            end = time.monotonic() + LOCK_S
            while True:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > end:
                    raise ConflictError("Another change of the served models takes long; try again in a minute.")
                await asyncio.sleep(0.1)
            yield
        finally:
            os.close(handle)


def is_number(name: str) -> bool:
    """Whether Triton takes a folder of this name for a version."""
    return name.isascii() and name.isdecimal() and not name.startswith("0")


def _force(path: Path) -> None:
    """To the disk, before anything relies on it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
