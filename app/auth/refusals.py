"""Audit rows of refused tokens, tickets and log-ins that nobody can be held to: each is told, a flood is counted instead."""

import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.tokens import TokenRefusedError
from app.kit.clock import now
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction

SAME_AGAIN_S = 60.0
MOST_IN_A_MINUTE = 60
MOST_REMEMBERED = 1024
WAIT_S = 2.0

log = logger(__name__)


class RowBudget:
    """At most one row a minute for the same thing, and so many a minute altogether. Pure: time is given.

    Args:
        most: rows a minute, for everything together.
    """

    def __init__(self, most: int = MOST_IN_A_MINUTE) -> None:
        self._most = most
        self._last: OrderedDict[object, float] = OrderedDict()
        self._minute = -1
        self._spent = 0
        self._left_out = 0

    def take(self, key: object, at_s: float) -> int | None:
        """None when no row may be written; else how many were left out since the last row."""
        minute = int(at_s // 60)
        if minute != self._minute:
            self._minute, self._spent = minute, 0
        last = self._last.get(key)
        if self._spent >= self._most or (last is not None and at_s - last < SAME_AGAIN_S):
            self._left_out += 1
            return None
        self._last.pop(key, None)
        self._last[key] = at_s
        if len(self._last) > MOST_REMEMBERED:
            self._last.popitem(last=False)
        self._spent += 1
        left_out, self._left_out = self._left_out, 0
        return left_out


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused.

    Attributes:
        actor_id, chain_id: who it was, where that is known for sure; None otherwise.
        details: what was attempted; no secrets, no names of people.
    """

    act: Act
    reason: str
    actor_id: uuid.UUID | None = None
    chain_id: uuid.UUID | None = None
    details: tuple[tuple[str, str], ...] = ()
    actor_kind: ActorKind = ActorKind.USER

    @staticmethod
    def of_token(error: TokenRefusedError) -> "Refusal":
        """The refusal of a signed token. Whom a forged one names is an attempt, not an actor."""
        if error.proven:
            return Refusal(Act.TOKEN_REFUSED, error.reason, error.claimed, error.chain)
        named = () if error.claimed is None else (("named_user", str(error.claimed)),)
        return Refusal(Act.TOKEN_REFUSED, error.reason, details=named)


class Refusals:
    """Writes refusals to the audit, each in a transaction of its own. Never raises: the caller refuses in any case."""

    def __init__(self, pool: "Pool[asyncpg.Record]", budget: RowBudget | None = None) -> None:
        self._pool = pool
        self._budget = budget or RowBudget()

    async def note(self, refusal: Refusal) -> None:
        """One row, unless there were too many like it."""
        left_out = self._budget.take((refusal.act, refusal.reason, refusal.actor_id, refusal.details), now().timestamp())
        if left_out is None:
            return
        details: dict[str, Any] = {"reason": refusal.reason, **dict(refusal.details)}
        if left_out:
            details["left_out_before"] = left_out
        kind = ActorKind.SYSTEM if refusal.actor_id is None else refusal.actor_kind
        entry = AuditEntry(refusal.act, kind, refusal.actor_id, refusal.chain_id, details=details)
        try:
            await self._append(entry)
        except DATABASE_ERRORS as error:
            log.warning("a refusal could not be written to the audit", act=refusal.act.value, error=repr(error))

    async def _append(self, entry: AuditEntry) -> None:
        if entry.chain_id is not None:
            async with tenant_transaction(self._pool, TenantScope(entry.chain_id, None, entry.actor_id)) as scoped:
                await audit.append(scoped, entry)
            return
        async with self._pool.acquire(timeout=WAIT_S) as connection, connection.transaction():
            await audit.append(TenantConnection(connection), entry)  # no scope: rows of no chain, and it reads none
