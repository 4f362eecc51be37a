"""What is handed to whoever asked: a signed package of what is held, and the signed proof of what was done. Pure."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.compliance.data_requests.models import DataRequest, Footage, FootageState
from app.evidence.custody import canonical
from app.evidence.package import build
from app.evidence.retention import Holder
from app.kit.version import product_version

HELD, PROOF = "held.json", "proof.json"
HORIZON: Final = (
    "Erased rows and recordings cannot be read from the moment of their erasure. A camera's own memory of its last ten minutes"
    " overwrites itself. What is kept of footage is erased as soon as what holds it ends. Bytes of rows may stay on pages of the"
    " database until its next vacuum, in its write-ahead log until that is recycled, and in back-ups for as long as the operator"
    " keeps those; faces and templates of walks in all of them are sealed under the chain's key, what was measured of a walk"
    " (steps a minute and the like) is not."
)
_CHECK: Final = """Check it, without a network:   pennyprotect evidence verify THIS_FILE --key FINGERPRINT
The fingerprint of the key is told by whoever gave you the package, on another way than the package itself.
"""
_HELD: Final = f"""This package holds what a store chain that runs PennyProtect keeps about you.

{HELD}      every entry about you: why, since when, until when, where it is searched, each time a camera thought it
               saw you, and what was measured of your walk
pictures/      your enrolled pictures, and what cameras saw where a lead kept it
manifest.json  what this is, and the sha256 of each file
manifest.sig   its Ed25519 signature

{_CHECK}"""
_PROOF: Final = f"""This package proves what a store chain that runs PennyProtect did about a request of yours.

{PROOF}     what was asked, when and how it was answered, what was removed, and which footage is kept and why
manifest.json  what this is, and the sha256 of each file
manifest.sig   its Ed25519 signature

{_CHECK}"""
FOOTAGE: Final = ("id", "type", "store", "camera", "recorded_from", "recorded_to", "moment")
KEPT_FOR: Final = {
    Holder.LEGAL_HOLD: "A legal hold: it is needed to establish, exercise or defend a legal claim.",
    Holder.OPEN_CASE: "An incident that is not closed.",
    Holder.COMPLAINT: "A complaint that is not decided.",
    Holder.DATA_REQUEST: "Another person's request that is not answered.",
}
LOST: Final = "Its bytes vanished from the store and were not erased by the product; nothing proves what became of them."
CUT: Final = "The visit has more footage than is listed here; ask about a shorter visit for the rest."
STAFF: Final = frozenset({"enrolled_by", "decided_by", "renewal", "look_alikes", "override_reason", "decision_reason"})
"""Of an entry, what is about staff or about other people."""


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """One entry with everything that belongs to it.

    Attributes:
        entry: as the API shows it. leads: `{"at", "store", "camera", "state", "band"}`, and `"gait"` where a walk was compared.
        walks: what was measured of the person's walk, and from which footage.
        pictures: name in the package, and JPEG.
    """

    enrolment_id: uuid.UUID
    person_name: str
    list_name: str
    entry: Mapping[str, Any]
    searched_in: Sequence[str]
    leads: Sequence[Mapping[str, Any]]
    pictures: Sequence[tuple[str, bytes]] = field(repr=False, default=())
    walks: Sequence[Mapping[str, Any]] = ()


def held_package(request: DataRequest, entries: Sequence[HeldEntry], footage: Sequence[Footage], key: Ed25519PrivateKey) -> bytes:
    """The package of what is held about whoever asked."""
    told = [{name: getattr(each, name) for name in FOOTAGE} for each in footage]
    document = {"request": _request(request), "entries": [_entry(each) for each in entries], "footage": told}
    pictures = [picture for each in entries for picture in each.pictures]
    files = [("README.txt", _HELD.encode()), (HELD, _json(document)), *pictures]
    return build(files, _about(request, "what is held"), key)


def footage_proof(footage: Sequence[Footage], deleted: Mapping[uuid.UUID, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What became of each piece that may show whoever asked, and why what is kept is. `deleted`: receipts by piece."""
    told = []
    for each in footage:
        receipt = {name: value for name, value in deleted.get(each.id, {}).items() if name != "evidence_id"}
        why = [KEPT_FOR[holder] for holder in each.kept_for] if each.state is FootageState.KEPT else []
        what = {name: getattr(each, name) for name in FOOTAGE}
        lost = {"lost": LOST} if each.state is FootageState.LOST else {}
        told.append({**what, "state": each.state, "kept_for": why, "receipt": receipt, **lost})
    return told


def proof_package(
    request: DataRequest,
    receipts: Sequence[Mapping[str, Any]],
    footage: Sequence[Mapping[str, Any]],
    key: Ed25519PrivateKey,
    at: datetime,
    *,
    footage_complete: bool = True,
) -> bytes:
    """The proof of what was done about an answered request, as of `at`: footage that is kept may be erased later."""
    cut = {} if footage_complete else {"footage_note": CUT}
    document = {
        "request": _request(request),
        "answered_at": request.answered_at,
        "outcome": request.outcome,
        "answer": request.answer,
        "exports": request.exports,
        "erased": [*receipts],
        "footage": [*footage],
        "footage_complete": footage_complete,
        **cut,
        "as_of": at,
        "horizon": HORIZON,
    }
    return build([("README.txt", _PROOF.encode()), (PROOF, _json(document))], _about(request, "proof of what was done"), key)


def _request(request: DataRequest) -> dict[str, Any]:
    return {
        "id": request.id, "kind": request.kind, "received_at": request.received_at, "answer_by": request.answer_by,
        "extended_days": request.extended_days, "extension_reason": request.extension_reason,
        "identity_checked": request.identity_checked, "searches": request.searches,
    }  # fmt: skip


def _entry(held: HeldEntry) -> dict[str, Any]:
    kept = {name: value for name, value in held.entry.items() if name not in STAFF}
    named = {"name": held.person_name, "list": held.list_name}
    return {
        **kept,
        **named,
        "searched_in": held.searched_in,
        "leads": held.leads,
        "walks": held.walks,
        "pictures": [name for name, _ in held.pictures],
    }


def _about(request: DataRequest, what: str) -> dict[str, Any]:
    return {"data_request": {"id": str(request.id), "what": what}, "software": f"pennyprotect {product_version()}"}


def _json(document: Any) -> bytes:
    return canonical(_plain(document))


def _plain(value: Any) -> Any:
    """With times and ids as text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
