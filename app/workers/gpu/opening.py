"""Before a source is opened, and how long it may take. Addresses are judged beside the graph's thread: a name server or a
camera may take seconds to answer."""

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from app.workers.gpu.graph import Admit, NotAdmitted, Slot

DECODER_S: Final = 0.15
"""A GPU opens decoders one after another: 0.06 to 0.12 s each on an H100, where 170 took up to 20 s (docs/performance.md)."""
JUDGED_S: Final = 20.0
"""A judgement that takes longer than this is given up; more than every bound of a camera's answers together."""
UNJUDGED: Final = f"The camera's address could not be judged within {JUDGED_S:g} s; it is tried again."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The address to open, or why it may not be. `answered_no`: asking again soon will not help."""

    address: str = ""
    why: str = ""
    answered_no: bool = False


Told = Callable[[Verdict], None]


class Admissions:
    """Asks for addresses beside the caller. An address is judged once at a time, and there may be a thread for each camera: a
    name server that never answers holds up the cameras that are named by it and nobody else.

    Args:
        most: cameras at once. There are twice as many threads at most, for addresses that were changed or taken away while
            they were judged; threads are made when they are needed and stay.
    """

    def __init__(self, admit: Admit, most: int) -> None:
        self._admit, self._most = admit, 2 * most
        self._changed = threading.Condition()
        self._waiting: dict[uuid.UUID, tuple[str, Told]] = {}
        self._running: set[tuple[uuid.UUID, str]] = set()
        self._threads = 0
        self._over = False

    def ask(self, camera: uuid.UUID, address: str, told: Told) -> None:
        """`told` gets the verdict on another thread, or nothing when a later ask of this camera comes before its turn. Never
        waits and never fails: what cannot be begun now waits, and the asker has a bound."""
        with self._changed:
            self._waiting.pop(camera, None)
            self._waiting[camera] = (address, told)
            if self._threads < min(self._most, len(self._waiting) + len(self._running)):
                try:
                    threading.Thread(target=self._work, name="admission", daemon=True).start()
                    self._threads += 1
                except RuntimeError:  # no more threads here now
                    pass
            self._changed.notify()

    def forget(self, camera: uuid.UUID) -> None:
        """Nobody waits for this camera's verdict any more."""
        with self._changed:
            self._waiting.pop(camera, None)

    def stop(self) -> None:
        """End the threads, each after the judgement it is at; does not wait for them."""
        with self._changed:
            self._over = True
            self._waiting.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._over and not self._ready():
                    self._changed.wait()
                if self._over:
                    return
                camera = self._ready()[0]
                address, told = self._waiting.pop(camera)
                self._running.add((camera, address))
            verdict = self._judge(address)
            with self._changed:
                self._running.discard((camera, address))
                # Who asked anew while this took its time gets it too: else a slow name server's answer is always too late.
                later = self._waiting.pop(camera)[1] if self._waiting.get(camera, ("",))[0] == address else None
                self._changed.notify()
            for each in (told, later):
                if each is not None:
                    each(verdict)

    def _ready(self) -> list[uuid.UUID]:
        return [camera for camera, (address, _) in self._waiting.items() if (camera, address) not in self._running]

    def _judge(self, address: str) -> Verdict:
        try:
            return Verdict(self._admit(address))
        except NotAdmitted as refused:
            return Verdict("", str(refused), refused.answered_no)
        except Exception as error:  # whatever it is, it opens nothing and says no address
            return Verdict("", f"The camera's address cannot be judged ({type(error).__name__}).")


def patience_s(start_s: float, opening: int) -> float:
    """Until a source that is being opened has to give its first picture, when `opening` sources are waiting for theirs."""
    return start_s + DECODER_S * opening


def silent(slots: Iterable[Slot], now: float, start_s: float, silent_s: float) -> list[Slot]:
    """Open sources that are to be given up: no first picture within their patience, or no picture since.

    A patience only grows while a source is being opened: those that open before it took the decoder's time, and that they
    wait no more gives it none back.
    """
    opened = [slot for slot in slots if slot.bin is not None]
    bound = patience_s(start_s, sum(not slot.last_at for slot in opened))
    found = []
    for slot in opened:
        slot.patience_s = max(slot.patience_s, bound)
        if now - (slot.last_at or slot.began_at) > (silent_s if slot.last_at else slot.patience_s):
            found.append(slot)
    return found
