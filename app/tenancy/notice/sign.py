"""The sign at the door as SVG, A4 upright: what is measured, the store's own words, a QR code that leads to the public page."""

from collections.abc import Sequence
from html import escape

import segno

from app.tenancy.notice.models import Words
from app.tenancy.policy.models import Switch

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 16.0
"""Millimetres."""
MOST_NOTICE_LINES = 14


def sign_of(words: Words, switches: Sequence[Switch], store: str, notice_text: str, address: str, *, demo: bool = False) -> str:
    """The sign. `address` is what the QR code says and what stands under it."""
    lines: list[str] = []
    at = 64.0
    for text, size, weight in _blocks(words, switches, notice_text):
        wrapped = wrap(text, (WIDTH - 2 * MARGIN) / size)
        for line in wrapped[:MOST_NOTICE_LINES]:
            lines.append(_text(line, MARGIN, at, size, weight))
            at += size * 1.35
        at += size * 0.7
    code = _qr(address, MARGIN, HEIGHT - MARGIN - 48.0, 48.0)
    beside = [(line, 5.2) for line in wrap(words.scan, 118 / 5.2)] + [(line, 3.6) for line in wrap(address, 118 / 3.6)]
    foot = [_text(line, MARGIN + 56, HEIGHT - MARGIN - 40 + number * 7, size, 400) for number, (line, size) in enumerate(beside)]
    head = (
        f'<rect width="{WIDTH}" height="44" fill="#16202c"/>{_camera(MARGIN, 12)}'
        f'<text x="{MARGIN + 30}" y="23" font-size="9.5" font-weight="700" fill="#fff">{escape(words.title)}</text>'
        f'<text x="{MARGIN + 30}" y="34" font-size="6" fill="#d5dde6">{escape(words.demo if demo else store)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="Noto Sans, Noto Sans CJK SC, Arial, Helvetica, sans-serif" fill="#16202c">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{head}{"".join(lines)}{code}{"".join(foot)}</svg>'
    )


def _blocks(words: Words, switches: Sequence[Switch], notice_text: str) -> list[tuple[str, float, int]]:
    """(text, size, weight) from top to bottom."""
    found: list[tuple[str, float, int]] = [(words.heading_on if switches else words.heading_off, 9.0, 700)]
    found += [(words.of(switch), 5.6, 400) for switch in switches] or [(words.off, 5.6, 400)]
    if notice_text.strip():
        found.append((" ".join(notice_text.split()), 5.6, 600))
    return [*found, (words.always if switches else words.ask, 5.0, 400)]


def wrap(text: str, room: float) -> list[str]:
    """Lines of at most `room` em. Estimated: 0.54 em a Latin letter, 1 em a Chinese one, which may end a line."""
    lines: list[str] = []
    line, used = "", 0.0
    for piece in _pieces(text):
        wide = sum(1.0 if ord(letter) > 0x2E80 else 0.54 for letter in piece)
        if line and used + wide > room:
            lines.append(line.rstrip())
            line, used = "", 0.0
            piece = piece.lstrip()
        line, used = line + piece, used + wide
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """What a line may end after: words with their space, single Chinese letters, and parts of what is too long for any line."""
    found, piece = [], ""
    for letter in text:
        if ord(letter) > 0x2E80:
            found += [piece, letter] if piece else [letter]
            piece = ""
            continue
        piece += letter
        if letter.isspace() or letter in "/-" or len(piece) >= 24:
            found.append(piece)
            piece = ""
    return [*found, piece] if piece else found


def _text(line: str, x: float, y: float, size: float, weight: int) -> str:
    return f'<text x="{x:g}" y="{y:.2f}" font-size="{size:g}" font-weight="{weight}">{escape(line)}</text>'


def _camera(x: float, y: float) -> str:
    return (
        f'<g transform="translate({x} {y})" fill="none" stroke="#fff" stroke-width="2">'
        '<rect x="1" y="3" width="14" height="12" rx="2"/>'
        '<path d="M15 7l7-3v10l-7-3z"/></g>'
    )


def _qr(address: str, x: float, y: float, size: float) -> str:
    """The QR code of an address (error correction Q: a quarter may be scratched off)."""
    rows = [bytes(row) for row in segno.make(address, error="q", micro=False).matrix]
    module = size / (len(rows) + 8)  # with the quiet zone of 4 modules on each side
    dark = "".join(
        f"M{column + 4} {number + 4}h1v1h-1z" for number, row in enumerate(rows) for column, value in enumerate(row) if value
    )
    place = f"translate({x:g} {y:g}) scale({module:.5f})"
    return f'<g transform="{place}"><path d="{dark}" fill="#000" shape-rendering="crispEdges"/></g>'
