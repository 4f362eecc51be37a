"""When frames were captured and which of them to analyse: pure, fed with times by the reader."""

from dataclasses import dataclass, field
from typing import Final

PLAUSIBLE_SKEW_US: Final = 5_000_000
"""A camera clock further from ours than this is wrong (many stand at 1970): arrival is nearer the truth."""

CLOCK_SHARE: Final = 0.05
"""Of a packet in the smoothed offset of the camera's clock."""


class CaptureClock:
    """captured_at of each packet: the camera's own clock (RTCP sender report) while plausible, else arrival.

    FFmpeg attaches the sender report's time to packets as `prft` side data. Results rise strictly, whatever clocks do.
    """

    def __init__(self) -> None:
        self._last_us = 0
        self._off_us: float | None = None
        self.from_camera = False

    @property
    def off_s(self) -> float | None:
        """How far the camera's clock is ahead of ours, seconds, smoothed over some packets; None while it tells none.

        A packet's way and the camera's encoder put it 0.1-1 s behind, so that little says nothing.
        """
        return None if self._off_us is None else round(self._off_us / 1e6, 3)

    def at(self, camera_us: int | None, arrival_us: int) -> int:
        """Microseconds since 1970 UTC for a packet that arrived at `arrival_us` and claims `camera_us`."""
        if camera_us is not None:
            off_us = float(camera_us - arrival_us)
            # A clock that was set jumps; what a network does to a packet is smoothed.
            jumped = self._off_us is None or abs(off_us - self._off_us) > PLAUSIBLE_SKEW_US
            self._off_us = off_us if jumped or self._off_us is None else self._off_us + (off_us - self._off_us) * CLOCK_SHARE
        self.from_camera = camera_us is not None and abs(camera_us - arrival_us) <= PLAUSIBLE_SKEW_US
        chosen = camera_us if self.from_camera and camera_us is not None else arrival_us
        self._last_us = max(self._last_us + 1, chosen)
        return self._last_us


@dataclass(slots=True)
class FrameSampler:
    """Chooses frames at no more than `fps` a second, evenly, from a stream of any rate.

    A frame is due when half a stream interval or less is missing, so that 5 of 15 frames a second means every third
    frame and not a beat between clocks.
    """

    fps: float
    _due_us: float = field(default=0.0, init=False)
    _last_us: int = field(default=0, init=False)
    _interval_us: float = field(default=0.0, init=False)

    def is_due(self, at_us: int) -> bool:
        """Whether to analyse the frame captured at `at_us`; call once for each frame, in order."""
        period_us = 1e6 / self.fps
        if self._last_us:
            # Smoothed, since packets arrive in bursts; capped, since a pause is no frame rate.
            step = min(at_us - self._last_us, period_us)
            self._interval_us += (step - self._interval_us) * (0.2 if self._interval_us else 1.0)
        self._last_us = at_us
        if at_us < self._due_us - self._interval_us / 2:
            return False
        late = at_us - self._due_us
        self._due_us = at_us + period_us if late > period_us else self._due_us + period_us
        return True


@dataclass(slots=True)
class RateMeter:
    """Frames a second over a sliding window."""

    window_us: int = 4_000_000
    _times: list[int] = field(default_factory=list, init=False)

    def add(self, at_us: int) -> None:
        """Count one frame at `at_us`."""
        self._times.append(at_us)
        self._trim(at_us)

    def per_second(self, now_us: int) -> float:
        """Frames a second over the window that ends at `now_us`."""
        self._trim(now_us)
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) * 1e6 / max(1, now_us - self._times[0])

    def _trim(self, now_us: int) -> None:
        while self._times and self._times[0] < now_us - self.window_us:
            self._times.pop(0)
