"""Opens sessions: the one place where a log-in, by whatever way, becomes tokens."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Place
from app.auth.sessions import repository as sessions
from app.auth.sessions.models import Method, NewSession
from app.auth.tokens import ACCESS_LIFE, REFRESH_LIFE, AccessClaims, RefreshOrigin, TokenSigner, token_hash
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection

OIDC_LIFE = timedelta(hours=12)
"""A session by OIDC ends earlier: what the provider says of groups is only asked at log-in."""
MOST_SESSIONS = 50


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens of a log-in; `refresh_token` is None where the caller keeps the one it has.

    Attributes:
        refresh_life: how long the refresh token may be kept.
    """

    access_token: str
    refresh_token: str | None
    refresh_life: timedelta = REFRESH_LIFE


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody proved who they are."""

    method: Method
    second_factor: bool
    place: Place


async def open_session(
    connection: TenantConnection, signer: TokenSigner, user: tuple[uuid.UUID, uuid.UUID], proof: Proof, now: datetime
) -> Issued:
    """A session of `user` (id, chain), in the transaction that decided about the log-in, audited."""
    user_id, chain_id = user
    origin = RefreshOrigin(new_id(), user_id, chain_id)
    token = signer.refresh_token(origin)
    life = OIDC_LIFE if proof.method is Method.OIDC else REFRESH_LIFE
    proven_at = now if proof.second_factor else None
    await sessions.add(
        connection,
        NewSession(origin.session_id, chain_id, user_id, token_hash(token), now + life, proof.method, proven_at, proof.place),
    )
    await sessions.keep_newest(connection, user_id, MOST_SESSIONS, now)
    details = {"method": proof.method.value, "second_factor": proof.second_factor, "address": proof.place.address}
    entry = AuditEntry(Act.LOG_IN, ActorKind.USER, user_id, chain_id, None, "session", origin.session_id, details)
    await audit.append(connection, entry)
    access = signer.sign(AccessClaims(user_id, origin.session_id, chain_id, now + ACCESS_LIFE), now)
    return Issued(access, token, life)
