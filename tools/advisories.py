"""Advisories that somebody brought, in the form of the OSV schema, for machines whose index does not say what is known.

Exports of OSV (a zip for PyPI, one for npm), a clone of GitHub's advisory database, folders of such files. Standard library only.
"""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PYPI, NPM = "PyPI", "npm"
NPM_LOCK: Final = "web/package-lock.json"
_RELEASE: Final = re.compile(r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)")
Order = tuple[int, tuple[int, ...], int, str, tuple[int, ...]]


class NotAskedError(Exception):
    """An index did not say what is known; the message says which and why."""


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """A version that a lock asks for. `name` as PEP 503 writes it."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """What is known against a version.

    Attributes:
        also: other names of the same.
        fixed_in: versions without it; empty while there are none.
        places: locks that pin the version.
    """

    package: str
    version: str
    id: str
    also: tuple[str, ...]
    what: str
    fixed_in: tuple[str, ...]
    places: tuple[str, ...]


def order(version: str) -> Order:
    """Sorts versions as PEP 440 and SemVer do, as far as locks and advisories use them; what is no version comes first."""
    text = version.strip().lower().partition("+")[0]
    release = _RELEASE.match(text)
    if release is None:
        return (0, (), -2, text, ())
    numbers = [int(each) for each in release[2].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    left = text[release.end() :].lstrip(".-_")
    rank = 0 if not left else 1 if left.startswith("post") else -2 if left.startswith("dev") else -1
    word = re.sub(r"\d.*", "", left).strip(".-_")
    return (int(release[1] or 0), tuple(numbers), rank, word, tuple(int(each) for each in re.findall(r"\d+", left)))


def covers(affected: Mapping[str, Any], version: str) -> bool:
    """Whether an `affected` entry means this version: it is listed, or within a range of versions."""
    wanted = order(version)
    if any(order(each) == wanted for each in affected.get("versions") or ()):
        return True
    return any(_within(each.get("events") or (), wanted) for each in affected.get("ranges") or () if each.get("type") != "GIT")


def _within(events: Iterable[Mapping[str, str]], wanted: Order) -> bool:
    inside = False
    steps = [(kind, each) for event in events for kind, each in event.items()]
    for kind, each in sorted(steps, key=lambda step: (order("" if step[1] == "0" else step[1]), step[0] != "introduced")):
        if kind == "introduced" and (each == "0" or order(each) <= wanted):
            inside = True
        elif (kind == "fixed" and order(each) <= wanted) or (kind == "last_affected" and order(each) < wanted):
            inside = False
    return inside


def search(
    advisories: Iterable[Mapping[str, Any]], pins: Mapping[str, Mapping[Pin, tuple[str, ...]]]
) -> tuple[list[Known], dict[str, str]]:
    """What is known against pinned versions, and when the newest advisory of each ecosystem changed ("2026-11-20T...").

    Args:
        pins: by ecosystem, each with the locks that pin it.
    """
    found, newest = set[Known](), dict[str, str]()
    versions: dict[tuple[str, str], list[Pin]] = {}
    for ecosystem, pinned in pins.items():
        for pin in pinned:
            versions.setdefault((ecosystem, pin.name), []).append(pin)
    for one in advisories:
        for affected in one.get("affected") or ():
            package = affected.get("package") or {}
            ecosystem, name = str(package.get("ecosystem", "")), str(package.get("name", ""))
            newest[ecosystem] = max(newest.get(ecosystem, ""), str(one.get("modified", "")))
            name = re.sub(r"[-_.]+", "-", name).lower() if ecosystem == PYPI else name
            for pin in versions.get((ecosystem, name), ()) if not one.get("withdrawn") else ():
                if covers(affected, pin.version):
                    found.add(_known(one, affected, pin, pins[ecosystem][pin]))
    return sorted(found), newest


def _known(one: Mapping[str, Any], affected: Mapping[str, Any], pin: Pin, places: tuple[str, ...]) -> Known:
    what = str(one.get("summary") or one.get("details") or "").strip().split("\n")[0][:160]
    events = [event for each in affected.get("ranges") or () if each.get("type") != "GIT" for event in each.get("events") or ()]
    fixed = tuple(str(event["fixed"]) for event in events if "fixed" in event)
    return Known(pin.name, pin.version, str(one["id"]), tuple(one.get("aliases") or ()), what, fixed, places)


def read(places: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    """Every advisory of these zips and folders.

    Raises:
        OSError: one cannot be read. ValueError: one is no zip, or holds something that is no JSON.
    """
    for place in places:
        if place.is_dir():
            texts: Iterable[bytes] = (path.read_bytes() for path in sorted(place.rglob("*.json")))
        else:
            texts = _of_zip(place)
        for text in texts:
            found = json.loads(text)
            if isinstance(found, dict) and "id" in found:
                yield found


def _of_zip(place: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield archive.read(name)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{place} is no zip") from error


def npm_pins(lock: str) -> dict[Pin, tuple[str, ...]]:
    """The versions that a package-lock.json pins; what is linked from here has none."""
    found = dict[Pin, tuple[str, ...]]()
    for path, entry in json.loads(lock).get("packages", {}).items():
        if path and entry.get("version"):
            found[Pin(entry.get("name") or path.rpartition("node_modules/")[2], entry["version"])] = (NPM_LOCK,)
    return found
