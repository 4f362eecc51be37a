"""Keeping the evidence that a switch stands on: photos of the sign and acceptance tests, each with its audit row."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import cv2

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.kit.errors import BadInputError, TooManyRequestsError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.perception.images import decode_image
from app.tenancy.policy import repository
from app.tenancy.policy.evidence_schemas import AcceptanceTestIn
from app.tenancy.policy.models import PHOTO_VALID, AcceptanceTest, SignPhoto, Switch
from app.tenancy.policy.repository import NewPhoto
from app.tenancy.policy.service import demand_person

LONG_SIDE = 1600
SMALLEST_SIDE = 240
QUALITY = 85
MOST_PHOTOS_A_DAY = 20


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo encoded anew."""

    jpeg: bytes
    width: int
    height: int


def demand_fresh(who: Principal, taken_on: date, today: date) -> None:
    """BadInputError for a photo of the future or one too old to count; ForbiddenError for an API key."""
    demand_person(who)
    if not today - PHOTO_VALID < taken_on <= today:
        raise BadInputError(f"The photo must have been taken in the last {PHOTO_VALID.days} days, and not in the future.")


def normalised(raw: bytes) -> Picture:
    """An uploaded photo, decoded and encoded anew, so that place and device are gone from it; BadInputError for no photo."""
    pixels = decode_image(raw)
    height, width = pixels.shape[:2]
    if min(width, height) < SMALLEST_SIDE:
        raise BadInputError(f"The photo has {width} x {height} pixels; nobody can read a sign on fewer than {SMALLEST_SIDE}.")
    if int(pixels.max()) - int(pixels.min()) < 16:
        raise BadInputError("The photo is of one colour only; take one on which the sign can be read.")
    scale = min(1.0, LONG_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    done, buffer = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise BadInputError("This photo cannot be stored; send another.")
    return Picture(buffer.tobytes(), size[0], size[1])


async def keep_photo(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, picture: Picture, taken_on: date, now: datetime
) -> SignPhoto:
    """The photo as it is kept; the same one of the same day is kept once.

    Raises:
        TooManyRequestsError: the store has kept its number of today.
    """
    demand_fresh(who, taken_on, now.date())
    await repository.get_site(connection, store_id, lock=True)
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    photo = SignPhoto(new_id(), taken_on, picture.width, picture.height, who.id, now)
    new = NewPhoto(photo, hashlib.sha256(picture.jpeg).digest(), picture.jpeg)
    if (before := await repository.find_photo(connection, store_id, taken_on, new.sha256)) is not None:
        return before
    if await repository.photos_since(connection, store_id, now - timedelta(days=1)) >= MOST_PHOTOS_A_DAY:
        raise TooManyRequestsError(f"A store keeps {MOST_PHOTOS_A_DAY} photos a day; wait.", retry_after_s=86_400)
    await repository.add_photo(connection, who.chain_id, store_id, new)
    details = {"taken_on": taken_on.isoformat(), "sha256": new.sha256.hex()}
    entry = AuditEntry(Act.SIGN_PHOTO_ADDED, who.kind, who.id, who.chain_id, store_id, "sign-photo", photo.id, details)
    await audit.append(connection, entry)
    return photo


async def keep_test(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, said: AcceptanceTestIn, now: datetime
) -> AcceptanceTest:
    """The test as it is kept, with the model, cameras and lists that the store has now.

    Raises:
        BadInputError: its day lies in the future, or its figures contradict each other.
    """
    demand_person(who)
    if said.performed_on > now.date():
        raise BadInputError("The test's day lies in the future.")
    if said.false_matches > said.strangers or said.misses > said.enrolled:
        raise BadInputError("There are more errors than passes; correct the figures.")
    site = await repository.get_site(connection, store_id)
    model = site.models.get(said.switch, "")
    if said.face_version is not None:
        if said.switch is not Switch.FACE:
            raise BadInputError("Only faces have versions that are tested before their promotion.", field="face_version")
        model = await repository.pushed_face_models(connection, said.face_version)
    test = AcceptanceTest(
        id=new_id(),
        recorded_by=who.id,
        recorded_at=now,
        model=model,
        camera_ids=site.camera_ids,
        listed=site.listed,
        addresses=site.addresses,
        **said.model_dump(exclude={"face_version"}),
    )
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    await repository.add_test(connection, who.chain_id, store_id, test)
    details = {"switch": test.switch.value, "performed_on": test.performed_on.isoformat(), "passed": test.passed}
    act = Act.ACCEPTANCE_TEST_RECORDED
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "acceptance-test", test.id, details))
    return test
