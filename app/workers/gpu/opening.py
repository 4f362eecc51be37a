"""Cameras' addresses are judged beside the graph's thread: a name server or a camera may take seconds to answer."""

import threading
from collections.abc import Callable
from typing import Final

from app.workers.gpu.graph import Admit, NotAdmitted

AT_ONCE: Final = 32


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
