"""How deep JSON may nest: what is deeper costs a parser its stack, and nothing of ours is that deep."""

import re
from typing import Final

from fastapi import Request

from app.kit.errors import BadInputError

DEEPEST: Final = 32
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


class TooDeepError(BadInputError):
    """JSON that nests more deeply than anything of ours."""


def nests_deeper(raw: bytes, most: int = DEEPEST) -> bool:
    """Whether JSON opens more than `most` arrays and objects within each other; what is no JSON may be judged either way."""
    if raw.count(b"[") + raw.count(b"{") <= most:
        return False
    level = 0
    for bracket in _BRACKET.finditer(_TEXT.sub(b"", raw)):
        level += 1 if bracket[0] in b"[{" else -1
        if level > most:
            return True
    return False


async def demand_shallow(request: Request) -> None:
    """TooDeepError for a JSON body that nests too deeply. The body is read, within its bound, and kept for who parses it."""
    kind = request.headers.get("content-type", "json")
    if request.method in ("GET", "HEAD", "OPTIONS") or "json" not in kind:
        return
    if nests_deeper(await request.body()):
        raise TooDeepError(f"The body nests deeper than {DEEPEST} levels; send it flatter.")
