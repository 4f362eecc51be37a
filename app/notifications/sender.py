"""The sender: takes what is due, sends it, and writes what came of it. Runs beside each dispatcher.

A delivery is marked as being sent before it is, so a crash in between leaves it marked: its outcome is then unknown, and the next
sender treats it so. A receiver that hangs holds its own few places, not everybody's. May run several times.
"""

import asyncio
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg

from app.kit.backoff import Backoff
from app.kit.clock import now
from app.kit.errors import UnavailableError
from app.kit.keys.models import CHANNEL_ADDRESS, CHANNEL_SECRET
from app.kit.keys.provider import KeyLostError
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.kit.tracing import continue_trace
from app.notifications import metrics, queue_repository
from app.notifications.models import HOOKS, ChannelKind, Claimed, DeliveryState
from app.notifications.outcomes import Found, Looked, Outcome, Step, Verdict, after_crash, after_look, after_try
from app.notifications.transports import mail, sms
from app.notifications.transports.hook import HookTransport

POLL_S = 0.5
HOUSEKEEPING_S = 5.0
FORGET_S = 3600.0
MOST_SENDING = 128
PER_CHANNEL = 32
SLOW_CHANNEL = 1
"""Places of a channel whose last try had no answer: one, until it answers again."""
MOST_LOOKS = 20
WRITE_TRIES = 4
WRITES = Backoff(first_s=0.2, longest_s=3.0)
BACKOFF = Backoff(first_s=0.2, longest_s=5.0)
OPEN_S = 15.0
TRY_S = 90.0
LAST_S = 4.0

log = logger(__name__)


class Transports:
    """How each kind of channel is reached; None where the operator has not set it up."""

    def __init__(self, hooks: HookTransport, texts: sms.SmsTransport | None, mails: mail.MailTransport | None) -> None:
        self._hooks = hooks
        self._texts = texts
        self._mails = mails

    async def send(self, delivery: Claimed, address: str, secrets: Sequence[str]) -> Outcome:
        """One try."""
        if delivery.kind in HOOKS:
            return await self._hooks.send(delivery, address, secrets)
        if delivery.asks_for_code and not secrets:
            return Outcome(Verdict.REFUSED, "Its code was used, or another was sent.")
        if delivery.asks_for_code and (delivery.code_until is None or delivery.code_until <= now()):
            return Outcome(Verdict.REFUSED, "Its code was over before it could be sent; ask for another.")
        code = secrets[0] if delivery.asks_for_code else None
        if delivery.kind is ChannelKind.SMS:
            return Outcome(Verdict.REFUSED, sms.UNSET) if self._texts is None else await self._texts.send(delivery, address, code)
        return Outcome(Verdict.REFUSED, mail.UNSET) if self._mails is None else await self._mails.send(delivery, address, code)

    async def look(self, delivery: Claimed, address: str) -> Looked:
        """What the SMS provider's records say."""
        return Looked(Found.NO_ANSWER, reason=sms.UNSET) if self._texts is None else await self._texts.look(delivery, address)


class Sender:
    """One sending loop."""

    def __init__(self, pool: "Pool[asyncpg.Record]", vault: Vault, transports: Transports) -> None:
        self.pool = pool
        self.woken = asyncio.Event()
        self._vault = vault
        self._transports = transports
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: Counter[uuid.UUID] = Counter()
        self._slow: set[uuid.UUID] = set()
        self._housekeeping_due = 0.0
        self._forget_due = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until stopped, through any outage of the database; what is being sent then may end."""
        failures = 0
        while not stop.is_set():
            self.woken.clear()
            try:
                await self._housekeeping()
                await queue_repository.merge_due(self.pool)
                taken = await self.send_due()
                failures = 0
            except DATABASE_ERRORS as error:
                if not failures:
                    log.warning("cannot send notifications", error=str(error) or type(error).__name__)
                metrics.outages.inc()
                await self._rest(stop, BACKOFF.delay_s(failures), heed=False)
                failures += 1
                continue
            await self._rest(stop, POLL_S if not taken or not self._tasks else 0.02)
        await self._finish(LAST_S)

    async def send_due(self) -> int:
        """Take what is due and has a place, and begin to send it; how many."""
        free = MOST_SENDING - len(self._tasks)
        if free <= 0:
            return 0
        rooms = {each: max(0, PER_CHANNEL - number) for each, number in self._held.items() if number}
        rooms |= {each: max(0, SLOW_CHANNEL - self._held[each]) for each in self._slow}
        claimed = await queue_repository.claim(self.pool, free, rooms, PER_CHANNEL)
        for each in claimed:
            self._held[each.channel_id] += 1
            self._begin(self._deliver(each))
        metrics.sending.set(len(self._tasks))
        return len(claimed)

    async def send_all(self, limit_s: float = 60.0) -> None:
        """Send until nothing is due and nothing is under way: for tests and measurements."""
        async with asyncio.timeout(limit_s):
            while await self.send_due() or self._tasks:
                if self._tasks:
                    await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)

    async def look_and_recover(self) -> None:
        """Ask the provider about SMS whose fate is not known, and take up what a sender that is gone left."""
        for each in await queue_repository.lapsed(self.pool):
            metrics.lapsed.labels(each.kind.value).inc()
            await self._write(each, (DeliveryState.SENDING,), after_crash(each.kind, each.attempts, now()))
        for state, each in await queue_repository.to_look_up(self.pool, MOST_LOOKS):
            looked = await self._look(each)
            metrics.looks.labels(looked.found.value).inc()
            await self._write(each, (state,), after_look(state, each.attempts, each.checks, looked, now()))

    async def _housekeeping(self) -> None:
        moment = time.monotonic()
        if moment < self._housekeeping_due:
            return
        self._housekeeping_due = moment + HOUSEKEEPING_S
        self._begin(self._guarded_look())
        number, age_s, standing = await queue_repository.waiting(self.pool)
        metrics.due.set(number)
        metrics.oldest.set(age_s)
        for state in (DeliveryState.DEAD, DeliveryState.UNCERTAIN, DeliveryState.CHECKING):
            metrics.standing.labels(state.value).set(standing.get(state.value, 0))
        if moment >= self._forget_due:
            self._forget_due = moment + FORGET_S
            await queue_repository.forget_old(self.pool, now() - timedelta(days=queue_repository.KEPT_DAYS))

    async def _guarded_look(self) -> None:
        try:
            async with asyncio.timeout(TRY_S):
                await self.look_and_recover()
        except DATABASE_ERRORS:
            metrics.outages.inc()

    async def _deliver(self, each: Claimed) -> None:
        began = time.monotonic()
        waited_ms = round((now() - each.created_at).total_seconds() * 1000)
        try:
            with continue_trace("notify", each.trace_parent, kind=each.kind.value, attempt=each.attempts, waited_ms=waited_ms):
                outcome = await self._try(each)
        finally:
            self._held[each.channel_id] -= 1
            if not self._held[each.channel_id]:
                del self._held[each.channel_id]
        metrics.took.labels(each.kind.value).observe(time.monotonic() - began)
        metrics.tries.labels(each.kind.value, outcome.verdict.value).inc()
        (self._slow.add if outcome.verdict is Verdict.UNKNOWN else self._slow.discard)(each.channel_id)
        if outcome.verdict is Verdict.TAKEN and each.attempts == 1:
            metrics.delay.labels(each.kind.value).observe(max(0.0, (now() - each.created_at).total_seconds()))
        await self._write(each, (DeliveryState.SENDING,), after_try(each.kind, each.attempts, outcome, now()))

    async def _try(self, each: Claimed) -> Outcome:
        try:
            async with asyncio.timeout(OPEN_S):
                address, secrets = await self._open(each)
        except KeyLostError as error:
            return Outcome(Verdict.REFUSED, error.detail)
        except UnavailableError as error:
            return Outcome(Verdict.NOT_TAKEN, error.detail)
        except DATABASE_ERRORS as error:  # of the key's look-up: nothing was sent
            return Outcome(Verdict.NOT_TAKEN, f"It could not be prepared ({type(error).__name__}).")
        if address is None:
            return Outcome(Verdict.REFUSED, "The channel was removed.")
        try:
            async with asyncio.timeout(TRY_S):
                return await self._transports.send(each, address, secrets)
        except OSError as error:  # a time-out too; a transport tells what it knows, so this came when nobody can know
            return Outcome(Verdict.UNKNOWN, f"The try broke off ({type(error).__name__}).")

    async def _open(self, each: Claimed) -> tuple[str | None, list[str]]:
        """The address, and the secrets that sign now: after a rotation two of them for a while."""
        if each.address is None:
            return None, []
        address = await self._vault.open(CHANNEL_ADDRESS, each.channel_id, each.address)
        sealed = [secret for secret in (each.secret, each.previous_secret) if secret is not None]
        return address, [await self._vault.open(CHANNEL_SECRET, each.channel_id, secret) for secret in sealed]

    async def _look(self, each: Claimed) -> Looked:
        try:
            address, _ = await self._open(each)
        except (UnavailableError, *DATABASE_ERRORS):
            return Looked(Found.NO_ANSWER, reason="Its address cannot be read.")
        if address is None:
            return Looked(Found.NO_ANSWER, reason="The channel was removed.")
        return await self._transports.look(each, address)

    async def _write(self, each: Claimed, held: tuple[DeliveryState, ...], step: Step) -> None:
        """Write a step, through a short outage; where it lasts, the lease ends and the outcome counts as unknown."""
        for attempt in range(WRITE_TRIES):
            try:
                if await queue_repository.write_step(self.pool, each.id, [state.value for state in held], step):
                    metrics.ended.labels(each.kind.value, step.state.value).inc()
                return
            except DATABASE_ERRORS:
                metrics.outages.inc()
                await asyncio.sleep(WRITES.delay_s(attempt))
        log.warning("what came of a notification could not be written", notification=str(each.id), state=step.state.value)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self.woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Without the values of its frames, which hold addresses.
            log.error("sending a notification failed unexpectedly", trace="".join(traceback.format_tb(error.__traceback__)[-3:]))

    async def _rest(self, stop: asyncio.Event, seconds: float, *, heed: bool = True) -> None:
        waits = [asyncio.ensure_future(each.wait()) for each in ((stop, self.woken) if heed else (stop,))]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _finish(self, seconds: float) -> None:
        """Let what is under way end; what does not is taken up later, as of unknown outcome."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await asyncio.gather(*late, return_exceptions=True)
