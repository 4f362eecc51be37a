"""Sign-in by the operator's provider: begin, finish, and the roles that come with groups."""

import hashlib
import hmac
import uuid
from datetime import datetime

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Place
from app.auth.oidc import flows, repository
from app.auth.oidc.models import Granted, OidcRefusedError, Person, derive
from app.auth.oidc.provider import Provider
from app.auth.opening import Issued, Proof, open_session
from app.auth.refusals import Refusal, Refusals
from app.auth.sessions import repository as sessions
from app.auth.sessions.models import Method
from app.auth.tokens import TokenSigner, token_hash
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction
from app.kit.redis import Redis

LONGEST_NAME = 80

log = logger(__name__)


class OidcService:
    """Log-ins by one provider. Every refusal is audited; what cannot be checked is not let in."""

    def __init__(
        self, pool: "Pool[asyncpg.Record]", memory: Redis, signer: TokenSigner, provider: Provider, refusals: Refusals
    ) -> None:
        self._pool = pool
        self._memory = memory
        self._signer = signer
        self._refusals = refusals
        self.provider = provider

    async def begin(self, redirect_uri: str, following: str) -> tuple[str, str]:
        """(the provider's address for the browser, what the browser keeps as a cookie); OidcRefusedError when it is away."""
        begun = await flows.begin(self._memory, redirect_uri, following)
        try:
            return await self.provider.address(begun, redirect_uri), begun.browser
        except OidcRefusedError as error:
            await self._note(error)
            raise

    async def finish(self, answer: dict[str, str], browser: str, place: Place, now: datetime) -> tuple[Issued, str, uuid.UUID]:
        """(tokens, where to go, who) for the provider's answer.

        Raises:
            OidcRefusedError: it is not accepted, for any reason.
        """
        try:
            flow = await self._flow_of(answer, browser)
            person = await self.provider.person(answer.get("code", ""), flow)
        except OidcRefusedError as error:
            await self._note(error)
            raise
        chain_id = await repository.chain_of(self._pool, self.provider.settings.chain_id)
        if chain_id is None:
            unclear = OidcRefusedError("not-set-up", "PENNYPROTECT_OIDC_CHAIN names no chain")
            await self._note(unclear)
            raise unclear
        user_id, issued = await self._admit(chain_id, person, place, now)
        return issued, flow.next, user_id

    async def _flow_of(self, answer: dict[str, str], browser: str) -> flows.Flow:
        flow = await flows.take(self._memory, answer.get("state", ""))
        if flow is None:
            raise OidcRefusedError("unknown-state")
        if not hmac.compare_digest(flow.browser, token_hash(browser)):
            raise OidcRefusedError("other-browser")
        if answer.get("iss") not in (None, "", self.provider.settings.issuer):  # RFC 9207
            raise OidcRefusedError("wrong-issuer")
        if answer.get("error") or not answer.get("code"):
            raise OidcRefusedError("provider-refused", answer.get("error", "no code")[:100])
        return flow

    async def _admit(self, chain_id: uuid.UUID, person: Person, place: Place, now: datetime) -> tuple[uuid.UUID, Issued]:
        refused, issued = "", None
        async with tenant_transaction(self._pool, TenantScope(chain_id)) as connection:
            granted = derive(person.groups, await repository.mappings(connection))
            known = await repository.lock_person(connection, person)
            user_id, disabled = known or (None, False)
            if user_id is None and granted:
                user_id = await repository.add_user(connection, chain_id, _names(person), person)
                await audit.append(connection, AuditEntry(Act.OIDC_USER_CREATED, ActorKind.USER, user_id, chain_id))
            if user_id is not None:
                await self._derive(connection, (user_id, chain_id), granted, now)
            if user_id is None or not await repository.has_role(connection, user_id):
                refused = "no-role"
            elif disabled:
                refused = "disabled"
            else:
                proof = Proof(Method.OIDC, person.second_factor, place)
                issued = await open_session(connection, self._signer, (user_id, chain_id), proof, now)
        if issued is None or user_id is None:
            turned_away = OidcRefusedError(refused)
            await self._note(turned_away, user_id, chain_id if user_id else None)
            raise turned_away
        return user_id, issued

    async def _derive(
        self, connection: TenantConnection, who: tuple[uuid.UUID, uuid.UUID], granted: frozenset[Granted], now: datetime
    ) -> None:
        user_id, chain_id = who
        added, taken = await repository.put_memberships(connection, chain_id, user_id, granted)
        if not granted and not await repository.has_role(connection, user_id):
            await sessions.end_all(connection, user_id, None, now)
        if added or taken:
            details = {"added": [_told(each) for each in added], "taken_away": [_told(each) for each in taken]}
            entry = AuditEntry(Act.OIDC_ROLES_DERIVED, ActorKind.USER, user_id, chain_id, details=details)
            await audit.append(connection, entry)

    async def _note(self, error: OidcRefusedError, user_id: uuid.UUID | None = None, chain_id: uuid.UUID | None = None) -> None:
        log.warning("a sign-in by the provider was refused", code=error.code, why=error.why)
        await self._refusals.note(Refusal(Act.OIDC_REFUSED, error.code, user_id, chain_id))


def _told(granted: Granted) -> dict[str, str | None]:
    role, store_id, region_id = granted
    told = {"role": role, "store_id": None if store_id is None else str(store_id)}
    return told if region_id is None else {**told, "region_id": str(region_id)}


def _names(person: Person) -> list[str]:
    """User names to try: the provider's, then the same with a mark. Never the name of somebody who is here already."""
    shown = "".join(each for each in person.username.strip().lower() if each.isprintable() and not each.isspace())
    plain = shown[:LONGEST_NAME].lower() or "person"
    if plain != plain.lower():
        plain = "person"  # a letter without a lower case of its own
    mark = hashlib.sha256(f"{person.issuer} {person.subject}".encode()).hexdigest()
    return [plain, f"{plain}.{mark[:6]}", f"{plain}.{mark[:16]}"]
