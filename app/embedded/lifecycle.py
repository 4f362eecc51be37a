"""The life of one supervised part, as pure functions of its status and a time. No clock, process or await in here."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.kit.backoff import Backoff

FIRST_PROBE_PAUSE_S = 0.05
LONGEST_PROBE_PAUSE_S = 0.25


class Phase(StrEnum):
    """Where a part stands."""

    WAITING = "waiting"  # for the parts it depends on
    STARTING = "starting"  # its process runs, its probe has not answered yet
    READY = "ready"
    BACKING_OFF = "backing off"  # died; starts again at `until`
    DONE = "done"  # a one-shot that succeeded
    FAILED = "failed"  # given up; the whole start fails
    ABSENT = "absent"  # optional and could not be started: the rest goes on; tried again at `until`
    HELD = "held"  # stopped because somebody measures; starts again when released
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Patience:
    """When the silence of a part that lives is taken for a hang.

    Attributes:
        every_s, again_s: pause before the next question, after an answer and after none.
        answer_s: how long one answer may take; a busy machine is slow, and a restart would make it slower.
        misses: questions in a row without an answer that are taken for a hang.
    """

    every_s: float = 10.0
    again_s: float = 1.0
    answer_s: float = 8.0
    misses: int = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """How a part is treated.

    Attributes:
        one_shot: it runs to its end once; exit code 0 is success.
        optional: a product without it is still worth starting; it is tried again and again.
        ready_within_s: a start that takes longer counts as a failure.
        stable_after_s: ready for this long forgets earlier failures.
        give_up_after: failures in a row before the first readiness that end the whole start.
        backoff: the wait before each new start.
        patience: how long it may be silent once it is ready.
    """

    one_shot: bool = False
    optional: bool = False
    ready_within_s: float = 60.0
    stable_after_s: float = 20.0
    give_up_after: int = 4
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.3, longest_s=8.0))
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Status:
    """One part's phase and what decides its next one; times are seconds of one monotonic clock."""

    phase: Phase = Phase.WAITING
    since: float = 0.0
    failures: int = 0
    ever_ready: bool = False
    until: float | None = None
    reason: str = ""

    @property
    def serves_dependants(self) -> bool:
        """Whether parts that depend on this one may start: it is there, or nobody waits for it any longer."""
        return self.phase in (Phase.READY, Phase.DONE, Phase.ABSENT)


def started(status: Status, now: float, policy: Policy) -> Status:
    """Its process was started."""
    return replace(status, phase=Phase.STARTING, since=now, until=now + policy.ready_within_s)


def answered(status: Status, now: float, policy: Policy) -> Status:
    """Its probe answered. A one-shot is ready only by ending, so for it nothing changes."""
    if status.phase is not Phase.STARTING or policy.one_shot:
        return status
    return replace(status, phase=Phase.READY, since=now, ever_ready=True, until=None, reason="")


def held(status: Status, now: float) -> Status:
    """It was stopped because somebody asked for it: no failure of its own."""
    return replace(status, phase=Phase.HELD, since=now, until=None, reason="held")


def probe_pause_s(asked: int) -> float:
    """The wait before a part that starts is asked again, after `asked` questions: soon at first, then at leisure.

    A question costs the processor that those who start need: a session of the database, or all checks of `/readyz`.
    """
    return min(LONGEST_PROBE_PAUSE_S, FIRST_PROBE_PAUSE_S * 1.2 ** min(asked, 50))


def overdue(status: Status, now: float) -> bool:
    """Whether a start has taken too long and should be killed."""
    return status.phase is Phase.STARTING and status.until is not None and now >= status.until


def ended(status: Status, now: float, policy: Policy, code: int, *, chance: float | None = None) -> Status:
    """Its process is gone with exit code `code` (negative: killed by that signal)."""
    if status.phase is Phase.STOPPED:
        return status
    if policy.one_shot and code == 0:
        return replace(status, phase=Phase.DONE, since=now, ever_ready=True, until=None, reason="")
    stable = status.phase is Phase.READY and now - status.since >= policy.stable_after_s
    failures = 1 if stable else status.failures + 1
    reason = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    if not status.ever_ready and failures >= policy.give_up_after and not policy.optional:
        return replace(status, phase=Phase.FAILED, since=now, failures=failures, until=None, reason=reason)
    wait_s = policy.backoff.delay_s(failures - 1, chance)
    phase = Phase.ABSENT if policy.optional and not status.ever_ready else Phase.BACKING_OFF
    return replace(status, phase=phase, since=now, failures=failures, until=now + wait_s, reason=reason)


def stopped(status: Status, now: float) -> Status:
    """It was told to stop; nothing starts it again."""
    return replace(status, phase=Phase.STOPPED, since=now, until=None)
