"""Asks the package indexes what is known against exactly the versions that our locks pin. Standard library only.

    make audit-deps                                       every lock of requirements/ and web/package-lock.json
    make audit-deps ARGS="--only pyjwt"                   some packages of the Python locks alone
    make audit-deps ARGS="--advisories pypi.zip npm.zip"  nobody is asked: by advisories that you brought (OSV's exports)

The Python index is pip's own (PIP_INDEX_URL, `pip config`, or pip's default), asked for each version's JSON; npm asks its own.
A mirror often has neither: then this says so, and advisories in the form of the OSV schema answer instead (tools/advisories.py).
Exit code 1: something is known that requirements/accepted-vulnerabilities.toml does not accept. 2: an index could not be asked,
or advisories are older than 14 days or say nothing of an ecosystem, which is no clean bill.
"""

import argparse
import base64
import json
import os
import random
import re
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import advisories
from tools.advisories import NPM, NPM_LOCK, PYPI, Known, NotAskedError, Pin

ROOT: Final = Path(__file__).resolve().parent.parent
ACCEPTED: Final = ROOT / "requirements" / "accepted-vulnerabilities.toml"
AT_ONCE, PATIENCE_S, TRIES = 4, 20.0, 3
PROBES: Final = 3
"""Versions after which an index that answered about none of them is asked about no more."""
FRESH: Final = timedelta(days=14)
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


def pins_of(texts: Mapping[str, str]) -> dict[Pin, tuple[str, ...]]:
    """Each pinned version and the locks that pin it."""
    found: dict[Pin, list[str]] = {}
    for place, text in texts.items():
        for name, version in _PIN.findall(text):
            found.setdefault(Pin(re.sub(r"[-_.]+", "-", name).lower(), version), []).append(place)
    return {pin: tuple(places) for pin, places in sorted(found.items())}


def known_of(pin: Pin, answer: Mapping[str, Any], places: tuple[str, ...]) -> list[Known]:
    """What an index's JSON of one version says is known against it; what was withdrawn is not.

    Raises:
        NotAskedError: it does not say, as an index without this knowledge.
    """
    listed = answer.get("vulnerabilities")
    if not isinstance(listed, list):
        raise NotAskedError(f"{pin.name} {pin.version}: the index says nothing of what is known.")
    return [
        Known(
            pin.name, pin.version, str(each["id"]), tuple(each.get("aliases") or ()),
            (each.get("summary") or each.get("details") or "").strip().split("\n")[0][:160],
            tuple(each.get("fixed_in") or ()), places,
        )
        for each in listed
        if not each.get("withdrawn")
    ]  # fmt: skip


def npm_known(answer: Mapping[str, Any]) -> list[Known]:
    """What `npm audit --json` says, one entry for each advisory.

    Raises:
        NotAskedError: npm could not ask.
    """
    listed = answer.get("vulnerabilities")
    if not isinstance(listed, dict):
        said = answer.get("message") or (answer.get("error") or {}).get("summary") or "no answer"
        raise NotAskedError(f"npm could not ask its registry: {str(said)[:160]}")
    found = set()
    for name, entry in listed.items():
        for via in entry.get("via") or ():
            if isinstance(via, dict):  # a name alone leads to another entry
                fix = entry.get("fixAvailable")
                fixed = (str(fix["version"]),) if isinstance(fix, dict) and "version" in fix else ()
                said = (str(via.get("url") or via.get("source")).rsplit("/", 1)[-1], str(via.get("title", ""))[:160])
                found.add(Known(name, str(entry.get("range", "")), said[0], (), said[1], fixed, (NPM_LOCK,)))
    return sorted(found)


def left(known: Iterable[Known], accepted: Iterable[Mapping[str, Any]], today: date) -> list[Known]:
    """What is known and not accepted today. An acceptance names id, package, why and until, and lapses after that day."""
    taken = set()
    for each in accepted:
        until = each["until"]
        if not str(each["why"]).strip() or not isinstance(until, date) or isinstance(until, datetime):
            raise NotAskedError(f"{ACCEPTED.name}: {each.get('id')} needs a reason and a day until which it is accepted.")
        if until >= today:
            taken.add((each["package"], each["id"]))
    return sorted(each for each in known if not any((each.package, name) in taken for name in (each.id, *each.also)))


def json_base(simple: str) -> str:
    """Where an index has its JSON: beside its simple pages."""
    parts = urlsplit(simple)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix("/simple") + "/pypi", query="", fragment=""))


def index() -> str:
    """pip's index."""
    if given := os.environ.get("PIP_INDEX_URL"):
        return given
    for words in (["-m", "pip", "config", "get", "global.index-url"], ["-c", _DEFAULT_INDEX]):
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    raise NotAskedError(f"{sys.executable} has no pip, whose index would be asked; set PIP_INDEX_URL.")


def ask(base: str, pin: Pin) -> dict[str, Any]:
    """The index's JSON of one version; NotAskedError after three tries."""
    parts = urlsplit(base)
    place = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = urllib.request.Request(f"{place}/{pin.name}/{pin.version}/json", headers={"Accept": "application/json"})  # noqa: S310
    if parts.username:
        pair = f"{parts.username}:{parts.password or ''}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    why = ""
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - pip's own index
                found = json.load(answer)
                return found if isinstance(found, dict) else {}
        except urllib.error.HTTPError as error:
            why = f"answered {error.code}"
            if error.code < 500 and error.code != 429:
                break
        except (OSError, ValueError) as error:
            why = type(error).__name__
        time.sleep((1 << attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - a pause
    raise NotAskedError(f"{pin.name} {pin.version}: the index {why}.")


def python_known(
    pins: Mapping[Pin, tuple[str, ...]], asking: Callable[[Pin], Mapping[str, Any]]
) -> tuple[list[Known], list[str]]:
    """What is known against these versions, and for which the index could not be asked."""

    def one(pin: Pin) -> list[Known] | str:
        try:
            return known_of(pin, asking(pin), pins[pin])
        except NotAskedError as error:
            return str(error)

    known: list[Known] = []
    unasked: list[str] = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for some in (list(pins)[:PROBES], list(pins)[PROBES:]):
            if len(unasked) == PROBES:
                first = f"So it was with the first {PROBES}: this index does not say what is known"
                rest = f"{first}, and was not asked about the other {len(some)}. Bring advisories: --advisories."
                return known, [*unasked, rest] if some else unasked
            for answer in threads.map(one, some):
                if isinstance(answer, str):
                    unasked.append(answer)
                else:
                    known += answer
    return known, unasked


def brought(
    places: Iterable[Path], pins: Mapping[Pin, tuple[str, ...]], npm: Mapping[Pin, tuple[str, ...]], now: datetime
) -> tuple[list[Known], list[str]]:
    """The same by advisories that somebody brought, of both ecosystems (of npm only where it has pins)."""
    wanted: dict[str, dict[Pin, tuple[str, ...]]] = {PYPI: dict(pins), NPM: dict(npm)}
    try:
        known, newest = advisories.search(advisories.read(places), wanted)
    except (OSError, ValueError) as error:
        raise NotAskedError(f"The advisories cannot be read: {error}.") from error
    unasked = []
    for ecosystem in (name for name, packages in wanted.items() if packages):
        last = newest.get(ecosystem, "")
        if not last:
            unasked.append(f"The advisories say nothing of {ecosystem}.")
        elif now - datetime.fromisoformat(last) > FRESH:
            unasked.append(f"The advisories of {ecosystem} end on {last[:10]}: what became known since is not in them.")
    return known, unasked


def ask_npm() -> dict[str, Any]:
    """The answer of `npm audit` about the dashboard's lock; it changes nothing."""
    tools = ROOT / ".venv-web" / "node-bin"
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}
    words = ["npm", "audit", "--json", "--package-lock-only"]
    try:
        done = subprocess.run(words, cwd=ROOT / "web", env=env, capture_output=True, text=True, check=False, timeout=120)
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise NotAskedError(f"npm could not be run ({type(error).__name__}); `make setup` installs it.") from error
    return found if isinstance(found, dict) else {}


def main(arguments: list[str]) -> int:
    """Print what is known; the exit code as the module says."""
    given = argparse.ArgumentParser(prog="make audit-deps ARGS=...", description=__doc__)
    given.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these packages of the Python locks, and no npm")
    given.add_argument(
        "--advisories", nargs="+", default=[], type=Path, metavar="PLACE", help="zips or folders; no index is asked"
    )
    given.add_argument("--json", action="store_true", help="one JSON document on stdout")
    chosen = given.parse_args(arguments)
    locks = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "requirements").glob("*.txt"))}
    pins = {pin: places for pin, places in pins_of(locks).items() if not chosen.only or pin.name in chosen.only}
    npm = {} if chosen.only else advisories.npm_pins((ROOT / NPM_LOCK).read_text("utf-8"))
    try:
        accepted = tomllib.loads(ACCEPTED.read_text("utf-8")).get("accepted", [])
        if chosen.advisories:
            known, unasked = brought(chosen.advisories, pins, npm, datetime.now(UTC))
        else:
            known, unasked = _asked(pins, with_npm=not chosen.only)
        open_ones = left(known, accepted, date.today())  # noqa: DTZ011 - a day of whoever looks
    except NotAskedError as error:
        known, open_ones, unasked = [], [], [str(error)]
    _tell(chosen.json, len(pins), known, open_ones, unasked)
    return 1 if open_ones else 2 if unasked else 0


def _asked(pins: Mapping[Pin, tuple[str, ...]], *, with_npm: bool) -> tuple[list[Known], list[str]]:
    base = json_base(index())
    known, unasked = python_known(pins, lambda pin: ask(base, pin))
    if with_npm:
        try:
            known += npm_known(ask_npm())
        except NotAskedError as error:
            unasked.append(str(error))
    return known, unasked


def _tell(as_json: bool, asked: int, known: list[Known], open_ones: list[Known], unasked: list[str]) -> None:
    if as_json:
        document = {"versions": asked, "known": [asdict(each) for each in known], "open": [each.id for each in open_ones]}
        sys.stdout.write(json.dumps(document | {"not_asked": unasked}, indent=2) + "\n")
        return
    for each in open_ones:
        fixed = f"fixed in {', '.join(each.fixed_in)}" if each.fixed_in else "no version is without it"
        sys.stdout.write(f"{each.package} {each.version}  {each.id}  {each.what}\n    {fixed}; {', '.join(each.places)}\n")
    for sentence in unasked:
        sys.stdout.write(f"NOT ASKED  {sentence}\n")
    accepted = len(known) - len(open_ones)
    sys.stdout.write(
        f"{asked} versions of the Python locks: {len(open_ones)} open, {accepted} accepted, {len(unasked)} not asked\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
