"""Evidence that is registered is there and has the bytes whose hash was registered."""

import hashlib
import random
from collections.abc import Callable
from typing import Any, Final

from tests.e2e.product import Product

GONE: Final = (404, 410)
Every = Callable[[str], list[dict[str, Any]] | None]


def wrong(piece: dict[str, Any], status: int, raw: object) -> str:
    """What is wrong with a piece that counts as present, by the answer about its content; "" for a right one."""
    if status == 200 and isinstance(raw, bytes) and hashlib.sha256(raw).hexdigest() == piece["sha256"]:
        return ""
    return f"evidence {piece['id']} ({piece['type']}) is registered and not there as it was: {status}"


class Pieces:
    """Asks a product for its evidence.

    Attributes:
        looked_at: pieces that were fetched and compared while faults came.
    """

    def __init__(self, product: Product, chance: random.Random | None = None) -> None:
        self._product, self._chance = product, chance or random.Random()
        self.looked_at = 0

    def one(self) -> str:
        """One of the newest pieces; what is wrong, or "". No answer is no fault while parts are away."""
        status, answer = self._product.call("/api/v1/evidence?limit=100")
        present = [piece for piece in answer["items"] if piece["state"] == "present"] if status == 200 else []
        if not present:
            return ""
        piece = self._chance.choice(present)
        status, raw = self._fetch(piece)
        if status != 200 and status not in GONE:
            return ""
        self.looked_at += 1
        return wrong(piece, status, raw)

    def all(self, every: Every) -> tuple[int, list[str]]:
        """How many that count as present are whole, and what is wrong with the others."""
        present = [piece for piece in every("evidence") or [] if piece["state"] == "present"]
        found = [said for piece in present if (said := wrong(piece, *self._fetch(piece)))]
        return len(present) - len(found), found

    def _fetch(self, piece: dict[str, Any]) -> tuple[int, Any]:
        return self._product.call(f"/api/v1/evidence/{piece['id']}/content", timeout=60)
