"""The demo's clips: which there are (a lock file in the format of the models'), and which of them can be had here."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.inference.artefacts import fetch, is_intact, path_of
from app.inference.lock import Artefact, WheelSource

LOCK: Final = Path(__file__).with_name("demo_clips.lock.toml")


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and the demo camera that plays it.

    Attributes:
        camera: what the camera is called.
        shows: one sentence.
    """

    artefact: Artefact
    camera: str
    shows: str

    @property
    def name(self) -> str:
        """Short name, unique among clips."""
        return self.artefact.name


def locked_clips(lock: Path = LOCK) -> list[Clip]:
    """Every clip of the lock file, in its order."""
    table, artefacts = tomllib.loads(lock.read_text("utf-8")), locked_files(lock)
    return [Clip(artefacts[entry["artefact"]], entry["camera"], entry["shows"]) for entry in table["clip"]]


def locked_files(lock: Path) -> dict[str, Artefact]:
    """Every file of a lock in this format by its name."""
    return {entry["name"]: _artefact(entry) for entry in tomllib.loads(lock.read_text("utf-8"))["artefact"]}


def available_clips(cache: Path, mirror: Path | None, most: int) -> list[Clip]:
    """The first `most` clips that can be had: those in a wheel, in the cache, or in the mirror. Downloads nothing."""
    clips = (clip for clip in locked_clips() if clip.artefact.sources or _is_here(clip.artefact, cache, mirror))
    return [clip for clip, _ in zip(clips, range(most), strict=False)]


def fetch_clip(clip: Clip, cache: Path, mirror: Path | None) -> Path:
    """The clip's file in the cache, fetched when missing (blocking). SetupError when no source gives it."""
    return fetch(clip.artefact, cache, mirror)


def _is_here(artefact: Artefact, cache: Path, mirror: Path | None) -> bool:
    if is_intact(path_of(artefact, cache), artefact):
        return True
    return mirror is not None and any(is_intact(path, artefact) for path in mirror.rglob("*"))


def _artefact(entry: dict[str, Any]) -> Artefact:
    sources = tuple(WheelSource(**{k: v for k, v in source.items() if k != "kind"}) for source in entry["source"])
    return Artefact(**{k: v for k, v in entry.items() if k != "source"}, sources=sources)
