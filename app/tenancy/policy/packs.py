"""Jurisdiction packs: versioned data that says where biometrics are denied, need counsel's sign-off, or may be proposed. Pure
but for reading its files. Not legal advice; a place that no pack knows is denied."""

import enum
import functools
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import msgspec

from app.kit.errors import SetupError

FOLDER = Path(__file__).with_name("packs")
_CODE = re.compile(r"[A-Z]{2}(-[A-Za-z0-9]{1,30}){0,2}")
_NAME = re.compile(r"pack-(\d{4})-(\d{2})\.toml")


class Verdict(enum.StrEnum):
    """What a pack says of a place."""

    DENY = "deny"
    COUNSEL = "counsel"
    ALLOW = "allow"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a statement comes from. `of`: date of the text or of its coming into force."""

    title: str
    of: date


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place or several that are treated alike.

    Attributes:
        places: code (ISO 3166-1 or -2, a city appended) to name.
        why: one sentence for a person.
        except_: codes of places inside that have an entry of their own; shown as a warning.
    """

    verdict: Verdict
    why: str
    places: dict[str, str]
    sources: list[Source]
    except_: dict[str, list[str]] = msgspec.field(default_factory=dict, name="except")


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of `packs/`."""

    version: str
    compiled_on: date
    note: str
    rules: list[Place]


class Finding(msgspec.Struct, frozen=True):
    """What the pack says of one code. `name` is "" for a place it does not know."""

    code: str
    name: str
    verdict: Verdict
    why: str
    sources: tuple[Source, ...] = ()
    exceptions: tuple[str, ...] = ()


class Pack:
    """A checked pack."""

    def __init__(self, file: PackFile) -> None:
        self.version, self.compiled_on, self.note = file.version, file.compiled_on, file.note
        self.places: Mapping[str, Finding] = MappingProxyType(_index(file))

    def find(self, jurisdiction: str) -> Finding:
        """What holds at `jurisdiction`; a place that is unknown, or not named at all, is denied."""
        found = self.places.get(jurisdiction)
        if found is not None:
            return found
        why = f"The jurisdiction pack {self.version} does not know this place, so it is denied."
        return Finding(jurisdiction, "", Verdict.DENY, why if jurisdiction else "The store's jurisdiction is not set.")


def _index(file: PackFile) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for rule in file.rules:
        if not rule.sources and rule.verdict is not Verdict.ALLOW:
            raise SetupError(f"The jurisdiction pack {file.version} denies or restricts without a source: {rule.why}")
        for code, name in rule.places.items():
            if not _CODE.fullmatch(code) or not name or code in found:
                raise SetupError(f"The jurisdiction pack {file.version} names {code!r} wrongly or twice.")
            exceptions = tuple(rule.except_.get(code, ()))
            found[code] = Finding(code, name, rule.verdict, rule.why, tuple(rule.sources), exceptions)
    for finding in found.values():
        if any(each not in found for each in finding.exceptions):
            raise SetupError(f"The jurisdiction pack {file.version} names an exception of {finding.code} that has no entry.")
    return found


def read_pack(path: Path) -> Pack:
    """A pack from its file; SetupError for one that is not as its schema says."""
    try:
        return Pack(msgspec.convert(tomllib.loads(path.read_text("utf-8")), PackFile))
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SetupError(f"{path.name} is no jurisdiction pack: {error}.") from error


@functools.cache
def current_pack() -> Pack:
    """The newest pack of this version of the product."""
    files = sorted(path for path in FOLDER.glob("*.toml") if _NAME.fullmatch(path.name))
    if not files:
        raise SetupError("This installation has no jurisdiction pack; without one nothing may be switched on.")
    pack = read_pack(files[-1])
    if pack.version != files[-1].stem.removeprefix("pack-"):
        raise SetupError(f"{files[-1].name} says it is version {pack.version}.")
    return pack
