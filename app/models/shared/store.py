"""Pushed versions and trials as objects.

Files go under a prefix of their own (`staged/…`), which nobody reads by itself. The last object that is written, a small record,
makes a version of them; a reader sees all of it or nothing, and no file is ever replaced.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.objects.store import NoSuchObjectError, ObjectStore, ObjectStoreError, check_key
from app.models.folder import is_number
from app.models.models import RELEASED_VERSION
from app.models.signing import FILES, largest

VERSIONS: Final = "versions"
TRIALS: Final = "trials"
STAGED: Final = "staged"
ORPHAN_S: Final = 24 * 3600.0
"""Staged files that no record names after this time are of a push that died."""
UNDER_WAY_S: Final = 3600.0
"""Longer than any push takes: a record that nobody knows after this time is of one that died."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """A record. `place` is the prefix of its files; "" for a version that was retired."""

    kind: str
    model: str
    version: int
    place: str

    @property
    def key(self) -> str:
        """Of the record."""
        return f"{self.kind}/{self.model}/{self.version}.json"

    @property
    def age_s(self) -> float:
        """Seconds since it was published."""
        return _age_s(self.place.rpartition("/")[2])


class SharedVersions:
    """The versions of one installation in an object store. Everything raises ObjectStoreError where it does not answer."""

    def __init__(self, store: ObjectStore, prefix: str = "") -> None:
        self._store, self._prefix = store, prefix
        self._over: set[str] = set()  # records of retired versions never change

    async def publish(self, kind: str, model: str, version: int, folder: Path) -> Published:
        """The six files of a package, and then its record. ConflictError where this number was published before."""
        made = Published(kind, model, version, f"{STAGED}/{model}/{version}/{new_id()}")
        if await self._record(made.key) is not None:
            raise ConflictError(f"Version {version} of {model} is in the store already and never changed.")
        try:
            for name in FILES:
                body = await asyncio.to_thread((folder / name).read_bytes)
                await self._store.put(self._at(f"{made.place}/{name}"), body)
            await self._store.put(self._at(made.key), json.dumps({"place": made.place}).encode())
        except BaseException:
            await asyncio.shield(self._clear(made.place))
            raise
        return made

    async def withdraw(self, kind: str, model: str, version: int) -> None:
        """No reader takes it any more; of a version the record stays, so that its number is never used again."""
        key = Published(kind, model, version, "").key
        if (place := await self._record(key)) is None:
            return
        if kind == VERSIONS:
            await self._store.put(self._at(key), json.dumps({"place": ""}).encode())
        else:
            await self._store.remove(self._at(key))
        if place:
            await self._clear(place)

    async def published(self, kind: str) -> list[Published]:
        """Every record, those of retired versions too; what is no record is passed over."""
        found = []
        async for key in self._keys(f"{kind}/"):
            parts = key.removesuffix(".json").split("/")
            if len(parts) != 3 or not key.endswith(".json") or not is_number(parts[2]) or int(parts[2]) == RELEASED_VERSION:
                log.warning("the store of models holds what is no record", key=key[:200])
                continue
            place = "" if key in self._over else await self._record(key)
            if place is not None:
                found.append(Published(kind, parts[1], int(parts[2]), place))
            if place == "":
                self._over.add(key)
        return found

    async def fetch(self, one: Published, folder: Path) -> None:
        """Its files into an empty folder, as they are there: whoever uses them checks them. One that is too large is left out."""
        for name in FILES:
            if (body := await self.read(one, name)) is not None:
                await asyncio.to_thread((folder / name).write_bytes, body)

    async def read(self, one: Published, name: str) -> bytes | None:
        """One of its files; None where it is missing, or larger than any package's."""
        key = self._at(f"{one.place}/{name}")
        try:
            if (size := (await self._store.stat(key)).size) > largest(name):
                log.warning("a file in the store of models is too large", key=key, bytes=size)
                return None
            return await self._store.get(key)
        except NoSuchObjectError:
            return None  # the check says what is missing

    async def withdraw_orphans(self, known: Collection[tuple[str, int]]) -> list[Published]:
        """Withdraw what no push is under way for: versions that are not `known`, and trials; which. Young ones stay."""
        gone = [
            each
            for kind in (VERSIONS, TRIALS)
            for each in await self.published(kind)
            if each.place and (kind == TRIALS or (each.model, each.version) not in known) and each.age_s > UNDER_WAY_S
        ]
        for each in gone:
            await self.withdraw(each.kind, each.model, each.version)
        return gone

    async def sweep(self) -> int:
        """Remove what pushes that died left behind; how many files."""
        known = {each.place for kind in (VERSIONS, TRIALS) for each in await self.published(kind)}
        old = [
            key
            async for key in self._keys(f"{STAGED}/")
            if (place := key.rpartition("/")[0]) not in known and _age_s(place.rpartition("/")[2]) > ORPHAN_S
        ]
        for key in old:
            await self._store.remove(self._at(key))
        return len(old)

    async def _record(self, key: str) -> str | None:
        try:
            said = json.loads(await self._store.get(self._at(key)))
        except NoSuchObjectError:
            return None
        except (ValueError, BadInputError):
            said = None
        place = said.get("place") if isinstance(said, dict) else None
        if not isinstance(place, str) or (place and not _is_staged(place)):
            log.warning("a record in the store of models cannot be read", key=key)
            return None
        return place

    async def _clear(self, place: str) -> None:
        """What is left is swept later."""
        try:
            for name in FILES:
                await self._store.remove(self._at(f"{place}/{name}"))
        except ObjectStoreError as error:
            log.info("files of a version stay in the store until they are swept", place=place, problem=error.detail)

    async def _keys(self, prefix: str) -> AsyncIterator[str]:
        async for key in self._store.keys(self._at(prefix)):
            yield key.removeprefix(self._prefix)

    def _at(self, key: str) -> str:
        return f"{self._prefix}{key}"


def _is_staged(place: str) -> bool:
    try:
        return check_key(place).startswith(f"{STAGED}/")
    except BadInputError:
        return False


def _age_s(nonce: str) -> float:
    """Seconds since an id was made; 0 for anything else."""
    try:
        made_ms = uuid.UUID(nonce).int >> 80
    except ValueError:
        return 0.0
    return now().timestamp() - made_ms / 1000
