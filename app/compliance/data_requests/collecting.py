"""Collecting what is held about the entries of a request, for the package of an access: all of it, or none."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.compliance.data_requests import repository
from app.compliance.data_requests.models import Subject
from app.compliance.data_requests.packaging import HeldEntry
from app.identity.enrolment import image_repository
from app.identity.enrolment import repository as enrolments
from app.identity.enrolment.schemas import enrolment_out
from app.identity.gait.models import GaitProfile, ShownSupport
from app.identity.gait.repository import profiles_of, supports_of
from app.identity.lists import repository as lists
from app.identity.matches import repository as matches
from app.identity.models import Match
from app.kit.errors import ConflictError, NotFoundError, UnavailableError
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection

LEADS_AT_ONCE: Final = 500
LEAD_BYTES: Final = 300
WALK_BYTES: Final = 3_000
MOST_BYTES: Final = 128 << 20
"""Of one package, which is made in memory."""
PACKING_S: Final = 30.0
"""A package may take before the next one waits no longer."""


@contextlib.asynccontextmanager
async def alone(packing: asyncio.Semaphore) -> AsyncIterator[None]:
    """One package at a time, as each is made in memory; UnavailableError where the one before takes too long."""
    try:
        await asyncio.wait_for(packing.acquire(), PACKING_S)
    except TimeoutError as error:
        raise UnavailableError("Another package is being made; ask for yours again in a minute.") from error
    try:
        yield
    finally:
        packing.release()


@dataclass(slots=True)
class _Room:
    """What still goes into a package: nothing is left out of one, so it is refused where it would grow too large."""

    left: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ConflictError(
                f"More is held than one package takes ({MOST_BYTES >> 20} MB); record a request for each of its entries."
            )


async def collect(connection: TenantConnection, vault: Vault, subjects: Sequence[Subject]) -> list[HeldEntry]:
    """Everything that is held about the entries of a request. ConflictError where it is more than one package takes."""
    room = _Room(MOST_BYTES)
    return [await _held(connection, vault, each.enrolment_id, room) for each in subjects]


async def _leads(connection: TenantConnection, enrolment_id: uuid.UUID, room: _Room) -> list[Match]:
    """All of an entry, newest first."""
    found: list[Match] = []
    while True:
        page = await matches.list_matches(
            connection,
            store_id=None,
            camera_id=None,
            enrolment_id=enrolment_id,
            states=[],
            before=(found[-1].raised_at, found[-1].id) if found else None,
            limit=LEADS_AT_ONCE,
        )
        room.take(LEAD_BYTES * len(page))
        found += page[:LEADS_AT_ONCE]
        if len(page) <= LEADS_AT_ONCE:
            return found


async def _pictures(
    connection: TenantConnection, vault: Vault, enrolment_id: uuid.UUID, leads: Sequence[Match], room: _Room
) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []

    def keep(name: str, jpeg: bytes) -> None:
        room.take(len(jpeg))
        found.append((f"pictures/{name}.jpg", jpeg))

    with contextlib.suppress(NotFoundError):  # ended
        keep(f"entry-{enrolment_id}", (await image_repository.read_image(connection, vault, enrolment_id)).jpeg)
    for each in leads:
        with contextlib.suppress(NotFoundError):
            keep(f"lead-{each.id}", await matches.read_picture(connection, vault, each.id))
    return found


async def _held(connection: TenantConnection, vault: Vault, enrolment_id: uuid.UUID, room: _Room) -> HeldEntry:
    enrolment = await enrolments.get_enrolment(connection, enrolment_id)
    listed = await lists.get_list(connection, enrolment.watchlist_id)
    names = await enrolments.names_of(connection, {enrolment.person_id})
    leads = await _leads(connection, enrolment_id, room)
    places = await repository.places_of(connection, [each.id for each in leads])
    walks, supports = await profiles_of(connection, enrolment_id), await supports_of(connection, [each.id for each in leads])
    room.take(WALK_BYTES * (len(walks) + len(supports)))
    return HeldEntry(
        enrolment_id=enrolment_id,
        person_name=names.get(enrolment.person_id, ""),
        list_name=listed.name,
        entry=enrolment_out(enrolment).model_dump(mode="json"),
        searched_in=await repository.searched_in(connection, listed.id),
        leads=[
            {
                **places[each.id],
                "at": each.captured_at,
                "state": each.state,
                "band": each.band,
                **_compared(supports.get(each.id)),
            }
            for each in leads
        ],
        walks=[_walk(each) for each in walks],
        pictures=await _pictures(connection, vault, enrolment_id, leads, room),
    )


def _walk(profile: GaitProfile) -> dict[str, Any]:
    told = ("source", "created_at", "approved_at", "features", "model", "model_version")
    return {name: getattr(profile, name) for name in told}


def _compared(support: ShownSupport | None) -> dict[str, Any]:
    """Of a lead whose walk was looked at."""
    told = ("verdict", "reason", "score", "quality", "features", "seen_at", "model", "model_version")
    return {} if support is None else {"gait": {name: getattr(support, name) for name in told}}
