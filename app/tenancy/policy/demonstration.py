"""The demonstration's store takes the way every store takes: place, sign, tests, papers, two people. All of it says what it is.

Nobody is measured in a store here, so that the records say that no test was made; their figures are the smallest ones there are.
"""

import uuid
from datetime import datetime
from typing import Final

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from app.auth.models import Principal
from app.kit.postgres import TenantConnection
from app.tenancy.policy import evidence, service
from app.tenancy.policy.evidence_schemas import AcceptanceTestIn
from app.tenancy.policy.models import Field, Papers, Switch, Switches, lapsed
from app.tenancy.policy.packs import Pack

PLACE: Final = "US-OH"
EVERYTHING: Final = Switches(face=True, gait=True, re_identification=True)
NOTICE: Final = "Demonstration with replayed clips, on one machine only. No store, no visitors. Ask whoever started it."
PAPERS: Final = Papers(
    legal_basis="None is needed: a demonstration with replayed clips; nobody in a store is measured.",
    dpia_reference="Demonstration: no assessment was made. A store needs its own.",
    notice_text=NOTICE,
)
_WIDTH, _HEIGHT, _LINE = 800, 1130, 34

Sheet = NDArray[np.uint8]


async def demonstrate(
    connection: TenantConnection, proposer: Principal, approver: Principal, store_id: uuid.UUID, pack: Pack, now: datetime
) -> bool:
    """Every switch on through every gate; False where that is how it stands already.

    Raises:
        IncompleteError: a gate refuses, as where a newer pack denies the place.
    """
    if (await service.stands(connection, store_id, pack, now)).site.jurisdiction != PLACE:
        await service.move(connection, proposer, store_id, PLACE, pack, now)
    standing = await service.stands(connection, store_id, pack, now)
    on = standing.policy.switches == EVERYTHING and standing.policy.papers == PAPERS
    if on and not lapsed(standing.policy, standing.site, pack, now.date(), demo_allowed=True):
        return False
    lacking = {(gap.switch, gap.field) for gaps in standing.gaps.values() for gap in gaps}
    if any(field is Field.SIGN_PHOTO for _, field in lacking):
        picture = evidence.normalised(drawn_sign(str(standing.site.public_id)))
        await evidence.keep_photo(connection, proposer, store_id, picture, now.date(), now)
    for switch in Switch:
        if (switch, Field.ACCEPTANCE_TEST) in lacking:
            await evidence.keep_test(connection, proposer, store_id, _no_test(switch, now), now)
    if on:  # the policy stood, and what it stands on was renewed
        return True
    change = await service.propose(connection, proposer, store_id, EVERYTHING, PAPERS, pack, now)
    await service.approve(connection, approver, store_id, change.id, pack, now)
    return True


def _no_test(switch: Switch, now: datetime) -> AcceptanceTestIn:
    return AcceptanceTestIn(
        switch=switch,
        performed_on=now.date(),
        performed_by="make demo (no test was made)",
        cameras=1,
        strangers=1,
        false_matches=0,
        enrolled=1,
        misses=0,
        passed=True,
        report_reference="Demonstration record. A store needs a test with its own cameras and lists.",
    )


def drawn_sign(public_id: str) -> bytes:
    """A PNG in place of a photo: the demonstration's sign, drawn, with a code that leads to the public page."""
    sheet: Sheet = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    sheet[:150] = (44, 32, 22)
    _write(sheet, "DEMONSTRATION", 40, 95, 2.2, (255, 255, 255))
    at, line = 240, ""
    for word in [*NOTICE.split(), ""]:
        if line and (not word or len(line) + len(word) > _LINE):
            _write(sheet, line, 40, at, 1.1, (40, 30, 20))
            at, line = at + 50, ""
        line = f"{line} {word}".strip()
    modules = np.array([list(row) for row in segno.make(f"/policy/{public_id}", error="q", micro=False).matrix], np.uint8)
    code = np.kron(1 - modules, np.full((12, 12), 255, np.uint8))
    sheet[-60 - code.shape[0] : -60, 60 : 60 + code.shape[1]] = code[..., None]
    done, buffer = cv2.imencode(".png", sheet)
    assert done  # noqa: S101 - a drawing of a fixed size
    return buffer.tobytes()


def _write(sheet: Sheet, text: str, x: int, y: int, size: float, colour: tuple[int, int, int]) -> None:
    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 2 if size < 2 else 4, cv2.LINE_AA)
