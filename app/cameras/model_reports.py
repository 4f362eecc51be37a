"""`POST /api/v1/workers/models`: what workers measured of the models that their cameras use."""

import math
import re
from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
from fastapi import Request

from app.audit.models import MACHINES, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras.workers import allowed_cameras, stores_of_worker
from app.contracts.models import LARGEST_STILL, LATENCIES, MOST_ROWS, MOST_STILLS, ModelReport, decode_report
from app.kit.backends import backends
from app.kit.clock import LATEST_US
from app.kit.errors import BadInputError
from app.kit.logs import logger
from app.models.readings import repository

router = guarded_router("workers")
log = logger(__name__)
LARGEST: Final = 6 << 20
REMEMBER_S: Final = 900
MOST_COUNT: Final = 1 << 40
_JPEG: Final = b"\xff\xd8"
_MODEL: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NUMBERS: Final = ("version", "against")
BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "MessagePack of ModelReport.",
        "content": {"application/vnd.msgpack": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/workers/models", status_code=204, openapi_extra=BODY | unaudited(MACHINES), max_body_size=LARGEST)
async def note_models(request: Request, access: Annotated[Access, require(Permission.WORKER)]) -> None:
    """Add a report. Sending it again changes nothing; what it says of cameras that are not leased with this key is left out."""
    stores_of_worker(access)
    servers, report = backends(request), read_report(await request.body())
    cameras = {each.camera_id for part in _parts(report) for each in part}
    own = await allowed_cameras(servers.memory, access.principal.id, sorted(cameras))
    mark = f"limit:model-report:{report.id}"
    if not await servers.memory.set(mark, b"1", nx=True, ex=REMEMBER_S):
        return
    try:
        await repository.note_report(servers.postgres, request.app.state.vault, _of(report, own))
    except BaseException:
        await servers.memory.delete(mark)
        raise


def read_report(raw: bytes) -> ModelReport:
    """The report without rows whose figures cannot be; BadInputError when the bytes are none, or too many."""
    try:
        report = decode_report(raw)
    except msgspec.DecodeError as error:
        raise BadInputError(f"This is no report of models: {error}.") from error
    if max(map(len, _parts(report))) > MOST_ROWS or len(report.disagreements) > MOST_STILLS:
        raise BadInputError(f"A report holds at most {MOST_ROWS} rows of a kind and {MOST_STILLS} stills.")
    kept = [_sound(part) for part in _parts(report)]
    if left_out := sum(map(len, _parts(report))) - sum(map(len, kept)):
        log.warning("rows of a worker's report were left out", worker=str(report.worker_id), rows=left_out)
    return ModelReport(report.id, report.worker_id, *kept)


def _sound(part: Iterable[Any]) -> list[Any]:
    """Rows that can be, each camera and pair of versions once; of stills as many as there are."""
    found: dict[tuple[Any, ...], Any] = {}
    for place, each in enumerate(part):
        key = (each.camera_id, each.model, each.version, getattr(each, "against", 0), place if hasattr(each, "still") else 0)
        if key not in found and _fine(msgspec.structs.asdict(each)):
            found[key] = each
    return list(found.values())


def _fine(row: dict[str, Any]) -> bool:
    fine: bool
    for name, value in row.items():
        if name.startswith("latency"):
            fine = len(value) == LATENCIES and all(0 <= count <= MOST_COUNT for count in value)
        elif name == "still":
            fine = value.startswith(_JPEG) and len(value) <= LARGEST_STILL
        elif name in _NUMBERS:
            fine = 0 < value < 1 << 31
        elif name == "captured_at_us":
            fine = 0 <= value <= LATEST_US
        elif name.startswith("only_"):
            fine = 0 <= value < 1 << 31
        elif isinstance(value, int | float):
            fine = math.isfinite(value) and (name == "shift_sum" or value >= 0) and abs(value) <= 1 << 53
        else:
            fine = name != "model" or _MODEL.fullmatch(value) is not None
        if not fine:
            return False
    return bool(row["version"] != row.get("against"))


def _parts(report: ModelReport) -> Iterable[Any]:
    return report.readings, report.shadows, report.disagreements


def _of(report: ModelReport, cameras: set[Any]) -> ModelReport:
    kept = ([each for each in part if each.camera_id in cameras] for part in _parts(report))
    return ModelReport(report.id, report.worker_id, *kept)
