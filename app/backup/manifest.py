"""What a back-up holds: its files with their sha256, and the versions that can read it."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from app.kit.errors import BadInputError

FORMAT: Final = 1
NAME: Final = "manifest.json"
DUMP: Final = "database.dump"
SECRETS: Final = "secrets.json"
OBJECTS: Final = "objects"
ALONGSIDE: Final = ("audit-anchors.jsonl", "licences.json")
"""Files of the state folder that go along where they exist: the audit's anchors, and which licences were accepted."""
KEYS: Final = (SECRETS, "keys.json")
"""Files that open the stored camera passwords: they go along only when asked for."""
_CHUNK: Final = 1 << 20

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, by its path below the back-up's folder with forward slashes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a back-up.

    Attributes:
        made_at: ISO 8601, UTC.
        migration: newest migration of the dumped schema.
        postgres: major version of the server it was dumped from.
        state_version: of the state folder.
        secrets: whether the keys are in it.
    """

    made_at: str
    migration: int
    postgres: int
    state_version: str
    secrets: bool
    files: tuple[Entry, ...]


def digest(manifest: Manifest) -> str:
    """sha256 of the manifest's canonical text: names this very back-up."""
    return hashlib.sha256(_canonical(asdict(manifest)).encode()).hexdigest()


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **value}, sort_keys=True, separators=(",", ":"))


def _text(manifest: Manifest) -> str:
    return json.dumps({"digest": digest(manifest), "format": FORMAT, **asdict(manifest)}, indent=1) + "\n"


def entry_of(folder: Path, path: Path) -> Entry:
    """Size and hash of a file below `folder`."""
    found = hashlib.sha256()
    with path.open("rb") as body:
        while chunk := body.read(_CHUNK):
            found.update(chunk)
    return Entry(path.relative_to(folder).as_posix(), path.stat().st_size, found.hexdigest())


def files_below(folder: Path) -> list[Path]:
    """Every plain file below `folder`, in order. BadInputError for a link or anything else that is no file."""
    found = []
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise BadInputError(f"{path} is neither a file nor a folder; nothing was done.")
        found += [Path(root, name) for name in names]
    return sorted(found)


def write(folder: Path, manifest: Manifest) -> None:
    """Write it, last of all: a folder without it is no back-up."""
    with os.fdopen(os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(_text(manifest))
        out.flush()
        os.fsync(out.fileno())


def read(folder: Path) -> Manifest:
    """The manifest of a back-up.

    Raises:
        BadInputError: there is none, or a byte of it was changed.
    """
    try:
        text = (folder / NAME).read_text("utf-8")
        known = json.loads(text)
        known.pop("digest")
        form = known.pop("format")
        if form != FORMAT:
            raise BadInputError(f"{folder} is a back-up of format {form}, this version reads {FORMAT}; use the newer one.")
        found = Manifest(**{**known, "files": tuple(Entry(**each) for each in known["files"])})
        same = _text(found) == text
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(f"{folder} holds no whole back-up ({NAME} is missing or damaged); nothing was done.") from error
    if not same:
        raise BadInputError(f"{folder / NAME} was changed after the back-up was made; use another copy. Nothing was done.")
    return found


def check(folder: Path, manifest: Manifest, progress: Progress = lambda _path: None) -> None:
    """BadInputError unless the folder holds exactly the manifest's files, each byte as it was."""
    known = {each.path: each for each in manifest.files}
    present = {path.relative_to(folder).as_posix() for path in files_below(folder)} - {NAME}
    if odd := sorted(present.symmetric_difference(known)):
        what = "is missing from" if odd[0] in known else "is not of"
        raise BadInputError(f"{odd[0]} {what} the back-up in {folder}; use a whole copy. Nothing was done.")
    for path, entry in known.items():
        progress(path)
        if entry_of(folder, folder / path) != entry:
            raise BadInputError(f"{path} in {folder} was changed after the back-up was made; use another copy. Nothing was done.")
