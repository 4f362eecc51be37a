"""What `bench swap` counts in each step, the rate that it gives its cameras, and what a reader may conclude."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.models.frames import Counts, difference, totals

SETTLE_S: Final = 2.5
"""Workers count what they dropped every two seconds; a step is read that much later."""
ROOM: Final = 0.5
"""Of what the machine analyses: a model's start takes one of two cores."""
FASTEST_FPS: Final = 5.0
"""What a camera has unless somebody says otherwise."""
SLOWEST_FPS: Final = 0.5


@dataclass(slots=True)
class Counters:
    """What the worker counted in each step."""

    read: Callable[[], Awaitable[Counts]]
    settle_s: float = SETTLE_S
    steps: list[dict[str, Any]] = field(default_factory=list)

    async def step(self, name: str, work: Awaitable[Any]) -> Any:
        """Do it, and note what cameras gained and lost until a moment after its end."""
        before, began = await self.read(), time.monotonic()
        done = await work
        await asyncio.sleep(self.settle_s)
        gained = difference(before, await self.read())
        self.steps.append({"step": name, "seconds": round(time.monotonic() - began, 1), **totals(gained), "cameras": gained})
        return done


def rate_for(capacity_fps: float, cameras: int) -> float:
    """Frames a second of each camera that leave the machine room for a swap, in halves; never below `SLOWEST_FPS`."""
    halves = int(2 * ROOM * capacity_fps / cameras)
    return min(FASTEST_FPS, max(SLOWEST_FPS, halves / 2))


def lost(steps: Sequence[dict[str, Any]]) -> int:
    """Frames that were due and have no answer."""
    return sum(each["dropped"] + each["unanswered"] for each in steps)


def verdict(swap: Sequence[dict[str, Any]], control: Sequence[dict[str, Any]]) -> str:
    """What the counters let a reader say."""
    with_it, without = lost(swap), lost(control)
    if not with_it:
        return "no camera lost a frame"
    found = f"{with_it} frames were lost during the swap, {without or 'none'} in as long a time without one"
    return f"{found}: these cameras are too many for this machine" if without >= with_it else found


def document(
    swap: Sequence[dict[str, Any]],
    control: Sequence[dict[str, Any]],
    rates: dict[str, float],
    pushed: dict[str, Any],
    data_set: str,
) -> dict[str, Any]:
    """The benchmark's document: the swap's steps beside as long a time without any."""

    def of(steps: Sequence[dict[str, Any]], name: str) -> int:
        return int(sum(each[name] for each in steps))

    return {
        "what": "Every camera's frames while a running store's pose model is pushed, shadowed, promoted, rolled back, retired.",
        "headline": {
            "verdict": verdict(swap, control),
            **rates,
            "due": of(swap, "due"),
            "answered": of(swap, "analysed") + of(swap, "still"),
            "dropped": of(swap, "dropped"),
            "unanswered": of(swap, "unanswered"),
            "swap_s": round(sum(each["seconds"] for each in swap), 1),
            "control_s": round(sum(each["seconds"] for each in control), 1),
            "control_due": of(control, "due"),
            "control_dropped": of(control, "dropped"),
            "control_unanswered": of(control, "unanswered"),
            "push_s": swap[0]["seconds"],
            "in_quiet": pushed["report"]["in_quiet"],
        },
        "steps": [*swap, *control],
        "report": pushed["report"],
        "data_set": data_set,
        "samples": {"frames": of([*swap, *control], "due")},
    }
