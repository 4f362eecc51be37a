"""From a face seen by a camera to the review that people can open, in a whole embedded product of the benchmark's own.

`--data` is a folder `identity/image.jpg` of two people at least, one photograph a file, with a face towards the camera and
shoulders (or one that holds `enrol/identity/image.jpg`). The first person is enrolled by one administrator, with the
first photograph that the gate takes, and approved by another. Their photographs become RTSP clips of somebody who comes and goes
before two cameras, those of the others before a third. Each track of the enrolled person is one lead: its time runs from the
capture of its best shot until the socket told of it and the API gave it, and until both pictures were there. `--seconds` is how
many passes each camera shows.
"""

import asyncio
import contextlib
import json
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np

from app.identity.matches.schemas import MatchOut
from app.kit.clock import now
from app.kit.errors import BadInputError, UnavailableError
from app.models.evaluation.identities import pictures
from benchmarks.cameras import feed
from benchmarks.document import BenchArguments
from benchmarks.own_product import Desk, own_product
from benchmarks.passes import AWAY_S, HERE_S, write_passes
from benchmarks.product import Product, token_of

DOORS: Final = 2
"""Cameras that the enrolled person passes."""

MOST_PASSES: Final = 200
MOST_PHOTOGRAPHS, MOST_STRANGERS = 4, 3
"""That become passes: those of the enrolled person, and one of each of so many others."""
MODELS_WITHIN_S: Final = 120.0
LAST_LEADS_S: Final = 10.0
BAR_S: Final = 2.0
PASSWORD: Final = "bench-review-second-person"  # noqa: S105 - of a product that lives for minutes on loopback


@dataclass(slots=True)
class Heard:
    """What came of the passes.

    Attributes:
        raised, told, readable, pictured: seconds since the capture of a lead's best shot, until it was written, the socket told
            of it, the API gave it, both pictures were read.
        cameras: of each lead.
    """

    raised: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    readable: list[float] = field(default_factory=list)
    pictured: list[float] = field(default_factory=list)
    cameras: list[uuid.UUID] = field(default_factory=list)


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Start, enrol, watch so many passes, end."""
    if arguments.data is None:
        raise BadInputError("bench review needs --data PATH, a folder of identity/image.jpg of two people or more.")
    passes = round(arguments.seconds)
    if passes > MOST_PASSES:
        raise BadInputError(f"--seconds is the number of passes here, {MOST_PASSES} at most.")
    people = _people(await asyncio.to_thread(pictures, arguments.data))
    with tempfile.TemporaryDirectory(prefix="pennyprotect-passes-") as folder:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
            return await _measured(session, people, Path(folder), passes)


def _people(given: list[tuple[str, Path]]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for name, path in given:
        found.setdefault(name, []).append(path)
    return found


async def _measured(session: aiohttp.ClientSession, people: dict[str, list[Path]], folder: Path, passes: int) -> dict[str, Any]:
    name, *others = people
    mine, strangers = people[name][:MOST_PHOTOGRAPHS], [people[each][0] for each in others[:MOST_STRANGERS]]
    known = await asyncio.to_thread(write_passes, mine, folder / "known.mp4")
    unknown = await asyncio.to_thread(write_passes, strangers, folder / "unknown.mp4")
    async with feed(known, folder / "known", DOORS) as doors, feed(unknown, folder / "unknown", 1) as other:
        addresses = [f"rtsp://127.0.0.1:{port}/stream" for port in (*doors, *other)]
        async with own_product(session, addresses) as desk:
            store = (await desk.ask("GET", "/stores"))["items"][0]["id"]
            await _enrol(desk, store, people[name])
            heard = await _watch(desk, store, passes * (HERE_S + AWAY_S))
            cameras = (await desk.ask("GET", f"/cameras?store_id={store}"))["items"]
    apart = {uuid.UUID(each["id"]) for each in cameras if f":{other[0]}" in each["url"]}
    return document(heard, apart, passes, mine, strangers)


async def _enrol(desk: Desk, store: str, photographs: list[Path]) -> None:
    """The first photograph that the gate takes, proposed by one person and approved by another."""
    photograph = await _usable(desk, store, photographs)
    incident = await desk.ask("POST", "/incidents", {"store_id": store, "kind": "violence", "title": "Measured"})
    listed = {"store_id": store, "name": "Measured", "category": "violence", "purpose": "A measurement"}
    watchlist = await desk.ask("POST", "/watchlists", listed)
    person = await desk.ask("POST", "/persons", {"store_id": store, "name": "Measured"})
    today = now()
    form = aiohttp.FormData({
        "watchlist_id": watchlist["id"], "category": "violence", "reason": "A measurement", "incident_id": incident["id"],
        "source": "incident-evidence", "evidence": "A photograph", "review_on": (today + timedelta(days=30)).date().isoformat(),
        "expires_at": (today + timedelta(days=60)).isoformat(), "under_18": "false", "vulnerable": "false",
        "age_basis": "Said by whoever measures", "notice_withheld": "A measurement on loopback",
    })  # fmt: skip
    form.add_field("picture", photograph, filename="p.jpg", content_type="image/jpeg")
    made = await desk.ask("POST", f"/persons/{person['id']}/enrolments", form=form)
    second = await _second_person(desk)
    # Pictures are shown to trained reviewers only, and nobody records an own training.
    course = await second.ask("POST", "/training/courses", {"name": "Measured", "gate": "match-review", "valid_months": 1})
    me = (await desk.ask("GET", "/auth/me"))["id"]
    training = {"course_id": course["id"], "user_id": me, "trainer": "Measured", "trained_on": today.date().isoformat()}
    await second.ask("POST", "/training/records", training)
    await second.ask("POST", f"/enrolments/{made['id']}/approve", {})


async def _usable(desk: Desk, store: str, photographs: list[Path]) -> bytes:
    """Once the models answer: a switched-on store's worker brings them a moment after the start."""
    end, said = time.monotonic() + MODELS_WITHIN_S, ""
    while time.monotonic() < end:
        try:
            for path in photographs:
                raw = await asyncio.to_thread(path.read_bytes)
                if (judged := await desk.ask("POST", f"/stores/{store}/faces/check", raw=raw))["usable"]:
                    return raw
                said = f"{path.name}: {', '.join(each['finding'] for each in judged['findings'])}"
        except UnavailableError as error:
            said = str(error)
            await asyncio.sleep(0.5)
        else:
            raise BadInputError(f"No photograph of the first person passes the quality gate ({said}); name another one first.")
    raise UnavailableError(f"The face models did not answer within {MODELS_WITHIN_S:g} s: {said}")


async def _second_person(desk: Desk) -> Desk:
    """Another administrator: nobody approves what they proposed."""
    asked = {"username": "second-person", "roles": [{"role": "chain-administrator"}]}
    given = (await desk.ask("POST", "/users", asked))["initial_password"]
    url = desk.product.url
    first = Desk(desk.session, Product(url, await token_of(desk.session, url, "second-person", given)))
    await first.ask("POST", "/auth/password", {"current_password": given, "new_password": PASSWORD})
    return Desk(desk.session, Product(url, await token_of(desk.session, url, "second-person", PASSWORD)))


async def _watch(desk: Desk, store: str, seconds: float) -> Heard:
    """Every lead that the store's socket tells of, read as a reviewer's page reads it."""
    heard = Heard()
    async with (
        desk.session.ws_connect(f"{desk.product.url}/ws", headers=desk.product.headers, heartbeat=20) as socket,
        asyncio.TaskGroup() as readers,
    ):
        await socket.send_json({"type": "join-store", "store_id": store})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds + LAST_LEADS_S):
                async for frame in socket:
                    message = json.loads(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else {}
                    if message.get("type") == "match-raised":
                        readers.create_task(_read(desk, message["match_id"], now(), heard))
    return heard


async def _read(desk: Desk, match_id: str, told: datetime, heard: Heard) -> None:
    lead = MatchOut.model_validate(await desk.ask("GET", f"/matches/{match_id}"))
    readable = now()
    await asyncio.gather(*(desk.ask("GET", f"/matches/{match_id}/{side}-picture") for side in ("seen", "enrolled")))
    for times, moment in (
        (heard.raised, lead.raised_at), (heard.told, told), (heard.readable, readable), (heard.pictured, now()),
    ):  # fmt: skip
        times.append((moment.astimezone(UTC) - lead.captured_at).total_seconds())
    heard.cameras.append(lead.camera_id)


def document(heard: Heard, apart: set[uuid.UUID], passes: int, photographs: list[Path], strangers: list[Path]) -> dict[str, Any]:
    """The benchmark's document. UnavailableError where nobody was found: then nothing was measured."""
    mine = [number for number, camera in enumerate(heard.cameras) if camera not in apart]
    if not mine:
        raise UnavailableError("The enrolled person was found in no pass; give photographs with head and shoulders, face ahead.")
    kinds = {"readable": heard.readable, "raised": heard.raised, "told": heard.told, "pictures": heard.pictured}
    figures = {
        f"{name}_p{share}_s": round(float(np.percentile([times[each] for each in mine], share)), 3)
        for name, times in kinds.items()
        for share in (50, 95)
    }
    return {
        "what": "From the capture of a lead's best shot to the review that can be opened: RTSP, the whole embedded default.",
        "headline": {
            "p50_s": figures["readable_p50_s"], "p95_s": figures["readable_p95_s"],
            "within_bar": figures["readable_p95_s"] <= BAR_S, "leads": len(mine), "passes": DOORS * passes,
            "leads_to_strangers": len(heard.cameras) - len(mine),
        },
        "parts": figures | {"most_s": round(max(heard.readable[each] for each in mine), 3)},
        "bar_s": BAR_S,
        "data_set": "given folder",
        "samples": {"leads": len(mine), "photographs": len(photographs), "photographs_of_strangers": len(strangers)},
        "explains": (
            f"{DOORS + 1} cameras of 960x720 and 15 frames/s; a pass is {HERE_S:g} s in the picture and {AWAY_S:g} s out of it."
            " p50_s and p95_s are until the API gave the lead. A pass that began before the enrolment was approved, or that the"
            " tracker joined to the one before, makes no lead of its own; one whose track breaks makes two."
        ),
    }  # fmt: skip
