"""When the next frame is sent to the model: the last place is given just in time. Pure; times are monotonic seconds.

A frame that waits at the server grows old where nothing can replace it; one that waits here is replaced by a newer. But a
server whose instances have nothing waiting runs dry for as long as an answer and the next frame travel. So the last of
two or more places is given a moment before the server is expected to be free, by what the last answers took.

Where cameras use two versions of the model and one of them hangs, its requests hold no place that the other's cameras need.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

LEAD: Final = 0.4
"""Share of an inference by which the last place is given before its expected end: inferences differ by that much."""
LEAST_LEAD_S: Final = 0.03
"""An answer and the next frame travel this long on a busy machine, however fast the model is."""
REMEMBERED: Final = 9
"""Answers whose middle is taken for usual."""
HANGS_S: Final = 2.0
HANGS: Final = 4.0
"""A request under way for so long, and so many times the usual, says that its version hangs, or that the whole server is slow."""

MOMENT_S: Final = 0.001


@dataclass(eq=False, slots=True)
class Request:
    """A frame under way.

    Attributes:
        begun_at: since when the model has been at it, as far as can be told from here; infinite while it waits there.
        sent_at: when it was sent.
        version: of the model.
    """

    begun_at: float
    sent_at: float = 0.0
    version: str = ""


def pause_s(begun: Sequence[float], most: int, usual_s: float | None, now: float) -> float:
    """Seconds until one more frame may be sent: 0 at once, infinite when only after an answer.

    Args:
        begun: `begun_at` of the requests under way.
        most: how many may be under way.
        usual_s: what an inference usually takes; None while no answer has come.
        now: the present moment.
    """
    if len(begun) >= most:
        return math.inf
    if len(begun) + 1 < max(most, 2) or usual_s is None:
        return 0.0
    lead = max(LEAD * usual_s, LEAST_LEAD_S)
    return max(0.0, min(begun) + usual_s - lead - now)


class Places:
    """The requests under way, at most `most`, and what they usually take."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._under_way: list[Request] = []
        self._took: deque[float] = deque(maxlen=REMEMBERED)

    def pause_s(self, version: str = "") -> float:
        """Seconds until one more frame may be sent to a version, or until to look again; infinite when only after an answer."""
        held, now = self._counted(version), self._clock()
        pause = pause_s([each.begun_at for each in held], self._most, self._usual_s, now)
        hang_in = min((each.sent_at + self._longest_s - now for each in held if each.version != version), default=math.inf)
        return min(pause, hang_in + MOMENT_S)

    def take(self, version: str = "") -> Request:
        """Send a frame now. Where every other place is taken, it waits at the server for one of those before it."""
        waits = len(self._counted(version)) + 1 >= max(self._most, 2)
        request = Request(math.inf if waits else self._clock(), self._clock(), version)
        self._under_way.append(request)
        return request

    @property
    def _usual_s(self) -> float | None:
        return median(self._took) if self._took else None

    @property
    def _longest_s(self) -> float:
        return max(HANGS_S, HANGS * (self._usual_s or 0.0))

    def _counted(self, version: str) -> list[Request]:
        """Requests that hold a place from where a frame for `version` stands: all but those of other versions that hang."""
        late = self._clock() - self._longest_s
        hang = {each.version for each in self._under_way if each.sent_at < late} - {version}
        return [each for each in self._under_way if each.version not in hang]

    def answered(self, request: Request) -> None:
        """The model has answered: note what it took, and give the place back."""
        if request in self._under_way:
            if request.begun_at < math.inf:
                self._took.append(self._clock() - request.begun_at)
            self.leave(request)

    def leave(self, request: Request) -> None:
        """Give the place back, if it was not yet; the one that waited at the server for longest is the model's turn now."""
        if request in self._under_way:
            self._under_way.remove(request)
            waiting = next((each for each in self._under_way if each.begun_at == math.inf), None)
            if waiting is not None:
                waiting.begun_at = self._clock()
