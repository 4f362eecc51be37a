"""Which biometric messages the pipeline takes: those made under the store's present policy, of a switch that is on. Pure."""

from dataclasses import dataclass
from typing import Literal

Biometric = Literal["face", "gait", "re_identification"]


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """A store's newest policy. Without one everything is off."""

    revision: int = 0
    face: bool = False
    gait: bool = False
    re_identification: bool = False

    def takes(self, switch: Biometric, revision: int) -> bool:
        """Whether a message of `switch` that its worker made under `revision` may be used.

        A stale revision is refused although the switch may be on again, and a newer one until its policy is read here: either way
        nobody knows what the worker was told.
        """
        return revision == self.revision and (getattr(self, switch) is True)


NOTHING = StorePolicy()
