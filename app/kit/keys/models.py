"""A tenant's data key as it is stored: wrapped, never open."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One version of a chain's data key.

    Attributes:
        wrapped: by the provider's key `provider_key`; None once it was destroyed.
    """

    version: int
    provider_key: str
    wrapped: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Protected:
    """A column whose values are sealed. Its table has `chain_id`; `{column}_key` follows the sealed value's key version.

    Attributes:
        context: what a value is bound to besides its row's id.
        nullable: whether a row can be without; a row that cannot goes with its value.
        row: the column of the row's id.
        whole: the row goes when the chain's key is destroyed, for beside the sealed value it holds what is as telling.
    """

    table: str
    column: str
    context: bytes
    nullable: bool = True
    row: str = "id"
    whole: bool = False


CAMERA, TOTP, SIGNING = b"camera", b"totp", b"signing"
ENROLMENT_PICTURE, MATCH_PICTURE, TEMPLATE, ROTATION = b"enrolment picture", b"match picture", b"template", b"rotation"
CHANNEL_ADDRESS, CHANNEL_SECRET, COMPLAINANT = b"channel address", b"channel secret", b"complainant"
REQUESTER = b"requester"
DISAGREEMENT = b"disagreement of models"

PROTECTED = (
    Protected("cameras", "credentials", CAMERA),
    Protected("totp_secrets", "secret", TOTP, nullable=False, row="user_id"),
    Protected("enrolment_images", "picture", ENROLMENT_PICTURE, nullable=False, whole=True),
    Protected("match_pictures", "picture", MATCH_PICTURE, nullable=False, row="match_id", whole=True),
    Protected("facial_profiles", "template", TEMPLATE, nullable=False, whole=True),
    Protected("gait_profiles", "template", TEMPLATE, nullable=False, whole=True),
    Protected("template_rotations", "seed", ROTATION, nullable=False),
    Protected("signing_keys", "secret", SIGNING, nullable=False),
    Protected("notification_channels", "address", CHANNEL_ADDRESS),
    Protected("notification_channels", "secret", CHANNEL_SECRET),
    Protected("notification_channels", "previous_secret", CHANNEL_SECRET),
    Protected("complaints", "contact", COMPLAINANT),
    Protected("data_requests", "contact", REQUESTER),
    Protected("model_disagreements", "picture", DISAGREEMENT, nullable=False, whole=True),
)
"""Every sealed column of the database. A test compares it with the schema."""

BESIDE = ("gait_supports",)
"""Tables without a sealed value whose rows tell of somebody all the same: they go with the chain's key, too."""
