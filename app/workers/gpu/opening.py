"""Before a source is opened, and how long it may take. Addresses are judged beside the graph's thread: a name server or a
camera may take seconds to answer."""

import threading
from collections.abc import Callable
from typing import Final

from app.workers.gpu.graph import Admit, NotAdmitted

AT_ONCE: Final = 32
DECODER_S: Final = 0.15
"""A GPU opens decoders one after another: 0.06 to 0.12 s each on an H100, where 170 took up to 20 s (docs/performance.md)."""


class Admissions:
    """Asks for one address on a thread of its own, `AT_ONCE` at the same time; each asker is told once."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._few = threading.Semaphore(AT_ONCE)

    def ask(self, address: str, told: Callable[[str, str], None]) -> None:
        """`told` gets the address to open and "", or "" and why not, on that thread."""
        threading.Thread(target=self._judge, args=(address, told), name="admission", daemon=True).start()

    def _judge(self, address: str, told: Callable[[str, str], None]) -> None:
        with self._few:
            try:
                found, why = self._admit(address), ""
            except NotAdmitted as refused:
                found, why = "", str(refused)
            except Exception as error:  # whatever it is, it opens nothing and says no address
                found, why = "", f"The camera's address cannot be judged ({type(error).__name__})."
        told(found, why)


def patience_s(start_s: float, opening: int) -> float:
    """Until a source that is being opened has to give its first picture, when `opening` sources are waiting for theirs."""
    return start_s + DECODER_S * opening
