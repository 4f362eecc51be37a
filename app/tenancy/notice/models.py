"""What a passer-by is told, in words: pure text from live settings. No person, no camera, no address of either."""

import functools
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from app.tenancy.policy.models import Switch, Switches

TEXTS = Path(__file__).with_name("texts.toml")
FALLBACK = "en"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sentences of one language."""

    name: str
    title: str
    heading_on: str
    heading_off: str
    off: str
    face: str
    gait: str
    re_identification: str
    always: str
    notice: str
    legal_basis: str
    since: str
    demo: str
    scan: str
    ask: str

    def of(self, switch: Switch) -> str:
        """What this switch does."""
        text: str = getattr(self, switch.value)
        return text


@dataclass(frozen=True, slots=True)
class PublicPolicy:
    """A store's settings as anybody may read them."""

    public_id: uuid.UUID
    chain: str
    store: str
    demo: bool
    revision: int
    switches: Switches
    legal_basis: str
    notice_text: str
    since: datetime

    def on(self) -> list[Switch]:
        """The switches that are on, in a fixed order."""
        return [switch for switch in Switch if switch in self.switches.on()]


@functools.cache
def languages() -> Mapping[str, Words]:
    """The sentences by language code."""
    raw = tomllib.loads(TEXTS.read_text("utf-8"))
    return {code: msgspec.convert(words, Words) for code, words in raw.items()}


def choose_language(asked: str, accept: str) -> str:
    """A language there is: `asked`, else the first of an Accept-Language header, else English."""
    known = languages()
    for code in (asked, *_accepted(accept)):
        short = code.strip().lower().split("-")[0]
        if short in known:
            return short
    return FALLBACK


def _accepted(header: str) -> Sequence[str]:
    """Codes of an Accept-Language header, most wanted first."""
    found = []
    for number, part in enumerate(header[:500].split(",")):
        code, _, quality = part.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        found.append((-weight, number, code))
    return [code for _, _, code in sorted(found)]
