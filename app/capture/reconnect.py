"""When to open, give up on and reopen a stream: a pure state machine. `step(state, happening, now)` is all there is.

STOPPED --start--> CONNECTING --frame--> LIVE --silence--> FROZEN ----.
                      |  ^                 |                          | back-off
                    failed '---------------|-- RECONNECTING/REFUSED <-'
"""

from dataclasses import dataclass, field, replace
from typing import Final

from app.capture.failures import Failure, FailureKind, failure
from app.capture.source import Source
from app.contracts.tracked import CameraState
from app.kit.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what; seconds.

    Attributes:
        open_s: from opening to the first sign of life.
        frozen_s: without progress before a live stream counts as frozen.
        picture_s: of packets without one picture (a long GOP may start with this much).
        settled_s: a stream that lived this long starts over at the shortest back-off.
        retry: back-off after failures; `refused` after a camera that answered no (accounts lock on repeated 401).
    """

    open_s: float = 10.0
    frozen_s: float = 3.5
    picture_s: float = 20.0
    settled_s: float = 10.0
    retry: Backoff = field(default_factory=lambda: Backoff(first_s=0.5, longest_s=10.0))
    refused: Backoff = field(default_factory=lambda: Backoff(first_s=5.0, longest_s=60.0))


PATIENCE: Final = Patience()


@dataclass(frozen=True, slots=True)
class Rules:
    """What one stream is judged by: its patience, and the sentences for what only time tells."""

    source: Source
    patience: Patience = PATIENCE

    def verdict(self, kind: FailureKind) -> Failure:
        """The failure of this kind, in this source's words."""
        return failure(kind, self.source)


@dataclass(frozen=True, slots=True)
class Started:
    """Somebody wants this camera."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody wants this camera any more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The reader ended with a failure."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Looked:
    """Time passed; what the reader's counters show (monotonic seconds, None: never)."""

    packet_at: float | None = None
    frame_at: float | None = None


Happening = Started | Stopped | Failed | Looked


class Open:
    """Start a fresh reader."""


class Abandon:
    """Let go of the reader: tell it to end, do not wait, ignore what it still says."""


Action = type[Open] | type[Abandon] | None


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where one stream stands; all times monotonic seconds.

    Attributes:
        phase: as shown to people.
        running: whether a reader is supposed to run.
        since: when the reader was opened, or the waiting began.
        live_since: first picture of this connection, or None.
        retry_at: when to open again while not running.
        attempt: failures in a row.
        was_live: whether any connection ever gave a picture.
        reconnects: times a stream came back after it had been live.
        reason: one sentence while something is wrong.
    """

    phase: CameraState = CameraState.STOPPED
    running: bool = False
    since: float = 0.0
    live_since: float | None = None
    retry_at: float = 0.0
    attempt: int = 0
    was_live: bool = False
    reconnects: int = 0
    reason: str = ""


def step(rules: Rules, state: StreamState, happening: Happening, now: float, chance: float) -> tuple[StreamState, Action]:
    """The next state and what to do. `now` is monotonic seconds; `chance` in [0, 1) jitters the back-off."""
    if isinstance(happening, Stopped):
        return StreamState(reconnects=state.reconnects), (Abandon if state.running else None)
    if isinstance(happening, Started):
        if state.phase is not CameraState.STOPPED:
            return state, None
        return StreamState(CameraState.CONNECTING, running=True, since=now), Open
    if state.phase is CameraState.STOPPED:
        return state, None
    if isinstance(happening, Failed):
        return (_wait(rules, state, happening.failure, now, chance), Abandon) if state.running else (state, None)
    if not state.running:
        return (_reopen(state, now), Open) if now >= state.retry_at else (state, None)
    return _judge(rules, state, happening, now, chance)


def _judge(rules: Rules, state: StreamState, seen: Looked, now: float, chance: float) -> tuple[StreamState, Action]:
    """A running reader after some time: alive, settled, or to be given up."""
    patience = rules.patience
    if seen.packet_at is None:
        if now - state.since < patience.open_s:
            return state, None
        return _wait(rules, state, rules.verdict(FailureKind.TIMEOUT), now, chance), Abandon
    if now - seen.packet_at >= patience.frozen_s:
        return _wait(rules, state, rules.verdict(FailureKind.FROZEN), now, chance), Abandon
    if seen.frame_at is None:
        if now - state.since < patience.picture_s:
            return state, None
        return _wait(rules, state, rules.verdict(FailureKind.NO_PICTURE), now, chance), Abandon
    if now - seen.frame_at >= max(patience.frozen_s, patience.picture_s / 2):
        return _wait(rules, state, rules.verdict(FailureKind.NO_PICTURE), now, chance), Abandon
    if state.live_since is None:
        again = state.reconnects + state.was_live
        return replace(state, phase=CameraState.LIVE, reason="", live_since=now, was_live=True, reconnects=again), None
    if state.attempt and now - state.live_since >= patience.settled_s:
        return replace(state, attempt=0), None
    return state, None


def _wait(rules: Rules, state: StreamState, why: Failure, now: float, chance: float) -> StreamState:
    """Let go and wait. A first frozen or broken connection is retried soon, later ones ever more slowly."""
    backoff = rules.patience.refused if why.answered_no else rules.patience.retry
    if why.answered_no:
        phase = CameraState.REFUSED
    elif why.kind is FailureKind.FROZEN:
        phase = CameraState.FROZEN
    else:
        phase = CameraState.RECONNECTING
    return StreamState(
        phase=phase,
        since=now,
        retry_at=now + backoff.delay_s(state.attempt, chance),
        attempt=state.attempt + 1,
        was_live=state.was_live,
        reconnects=state.reconnects,
        reason=why.sentence,
    )


def _reopen(state: StreamState, now: float) -> StreamState:
    """Open again. The phase stays what it was until a picture comes, so that a refused camera does not flicker."""
    return replace(state, running=True, since=now, live_since=None)
