"""A double of the name server, for names that mean another place each time they are asked for (DNS rebinding)."""

import ipaddress
import socket
from collections.abc import Sequence

from app.kit.egress import Address


class RebindingNames:
    """A `Resolver`: each name has a list of answers, given in turn; the last stays.

    Attributes:
        asked: the names, in the order they were asked for.
    """

    def __init__(self, answers: dict[str, Sequence[Sequence[str]]]) -> None:
        self._answers = {name: [list(each) for each in turns] for name, turns in answers.items()}
        self.asked: list[str] = []

    def __call__(self, name: str) -> tuple[Address, ...]:
        self.asked.append(name)
        turns = self._answers.get(name)
        if not turns:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answer = turns.pop(0) if len(turns) > 1 else turns[0]
        return tuple(sorted(map(ipaddress.ip_address, answer), key=lambda address: address.version))
