"""What sign-in by a provider knows: the operator's settings, a person as the provider describes them, and refusals."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from app.kit.errors import UnauthenticatedError


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The operator's provider. Nobody else may name an issuer: it is where this service connects to.

    Attributes:
        chain_id: whose people these are; None means the only chain there is.
        second_factor: the provider always asks for one, so that its log-ins count as proven.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    scopes: str
    groups_claim: str
    username_claim: str
    chain_id: uuid.UUID | None
    second_factor: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the provider vouches for.

    Attributes:
        subject: the provider's own name for them, which never changes and is never given to somebody else.
        second_factor: the provider says that it asked for one (`amr` holds "mfa", RFC 8176).
    """

    issuer: str
    subject: str
    username: str
    groups: frozenset[str]
    second_factor: bool


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """Members of a group have a role in one store, in a region, or (neither named) in the whole chain."""

    id: uuid.UUID
    group_name: str
    role: str
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None
    created_at: datetime


Granted = tuple[str, uuid.UUID | None, uuid.UUID | None]
"""(role, store, region); both None for the whole chain."""


def derive(groups: frozenset[str], mappings: list[GroupMapping]) -> frozenset[Granted]:
    """What these groups grant. A group that nobody mapped grants nothing."""
    return frozenset((each.role, each.store_id, each.region_id) for each in mappings if each.group_name in groups)


class OidcRefusedError(UnauthenticatedError):
    """A log-in by the provider that is not let in. `code` says why, to the audit, the log-in page and programs."""

    title = "Sign-in refused"

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(SENTENCES.get(code, SENTENCES["refused"]), code=code)
        self.code = code
        self.why = why


SENTENCES = {
    "refused": "The identity provider's answer was not accepted. Try again; if it stays so, tell your administrator.",
    "unknown-state": "This sign-in took too long or was used before. Start again.",
    "other-browser": "This sign-in was begun in another browser. Start again.",
    "provider-refused": "The identity provider did not sign you in.",
    "provider-down": "The identity provider does not answer. Try again later, or sign in with a password.",
    "wrong-clock": "The identity provider's clock and ours differ too much. Tell your administrator.",
    "no-role": "Your account has no role in PennyProtect. Ask your administrator to put one of your groups on the list.",
    "disabled": "Your account is switched off in PennyProtect.",
    "not-set-up": "Sign-in by an identity provider is not set up here.",
}
