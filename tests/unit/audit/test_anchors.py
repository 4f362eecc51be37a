"""The anchors' file: appended, chained, and whole after a torn line."""

import uuid
from pathlib import Path

import pytest

from app.audit.anchors import BrokenAnchorsError, FileAnchors
from app.audit.ledger_repository import Head

LEDGER = uuid.UUID(int=7)


def head(sequence: int) -> Head:
    return Head(LEDGER, sequence, bytes([sequence]) * 32)


async def test_what_was_appended_is_read_and_a_torn_line_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    anchors = FileAnchors(file)
    assert await anchors.read() == {}
    await anchors.write([head(1)])
    with file.open("ab") as torn:
        torn.write(b'{"version": 1, "he')
    assert await anchors.read() == {LEDGER: {1: head(1).hash}}
    await anchors.write([head(2)])
    await anchors.write([head(3)])
    assert sorted((await anchors.read())[LEDGER]) == [1, 2, 3]


@pytest.mark.parametrize("line", [0, 1, 2])
async def test_a_changed_or_missing_line_is_seen(tmp_path: Path, line: int) -> None:
    file = tmp_path / "anchors.jsonl"
    anchors = FileAnchors(file)
    for sequence in (1, 2, 3):
        await anchors.write([head(sequence)])
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:line], lines[line].replace(b'"version"', b'"Version"'), *lines[line + 1 :]]))
    if line < 2:  # the last line has no follower; what it says of the ledger is compared with the ledger itself
        with pytest.raises(BrokenAnchorsError):
            await anchors.read()
    file.write_bytes(b"".join([*lines[:line], b"nonsense\n", *lines[line + 1 :]]))
    with pytest.raises(BrokenAnchorsError):
        await anchors.read()
    if line < 2:
        file.write_bytes(b"".join([*lines[:line], *lines[line + 1 :]]))
        with pytest.raises(BrokenAnchorsError):
            await anchors.read()


async def test_a_home_from_before_keeps_its_anchors_and_its_chain(tmp_path: Path) -> None:
    """The file moves with the first new anchor, also when a crash left both copies; until then it is read where it lies."""
    before, place = tmp_path / "anchors.jsonl", tmp_path / "objects" / "anchors.jsonl"
    await FileAnchors(before).write([head(1)])
    moved = FileAnchors(place, earlier=before)
    assert await moved.read() == {LEDGER: {1: head(1).hash}}
    assert before.exists()
    kept = before.read_bytes()
    await moved.write([head(2)])
    assert not before.exists()
    assert place.read_bytes().startswith(kept)
    before.write_bytes(kept)  # as a crash between copying and removing leaves it
    assert sorted((await moved.read())[LEDGER]) == [1, 2]
    place.write_bytes(place.read_bytes().replace(b'"version"', b'"Version"', 1))
    with pytest.raises(BrokenAnchorsError):
        await moved.read()
