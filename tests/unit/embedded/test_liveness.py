"""Silence is a hang; an error, or a lone late answer, is not."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from app.embedded.lifecycle import Patience
from app.embedded.liveness import answers_http, until_silent

QUICK = Patience(every_s=0.0, again_s=0.0, answer_s=0.1, misses=3)


def probe(script: str) -> tuple[list[str], object]:
    """A probe that follows a script: `s` stays silent, `e` raises, `a` answers; then it answers for ever."""
    asked: list[str] = []

    async def ask() -> None:
        step = script[len(asked)] if len(asked) < len(script) else "a"
        asked.append(step)
        if step == "s":
            await asyncio.sleep(60)
        if step == "e":
            raise OSError("refused")
        await asyncio.sleep(0)

    return asked, ask


@pytest.mark.parametrize("script", ["sss", "assaess" + "sss", "aaasss"])
async def test_as_many_silences_in_a_row_are_a_hang(script: str) -> None:
    asked, ask = probe(script)
    await asyncio.wait_for(until_silent(ask, QUICK), 20)  # type: ignore[arg-type]
    assert "".join(asked) == script[: script.index("sss") + 3]


@pytest.mark.parametrize("script", ["ssassassa", "eeeeeeee", "ssesse"])
async def test_errors_and_lone_silences_are_none(script: str) -> None:
    asked, ask = probe(script)
    watching = asyncio.create_task(until_silent(ask, QUICK))  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        while len(asked) <= len(script) and not watching.done():
            await asyncio.sleep(0.01)
    assert not watching.done()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def test_a_socket_that_is_accepted_and_never_answered_is_silence(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_unix_server(mute, str(tmp_path / "s"))
    try:
        await asyncio.wait_for(until_silent(answers_http(tmp_path / "s"), QUICK), 20)
    finally:
        release.set()
        server.close()


async def test_a_role_without_its_socket_is_not_taken_for_hung(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_silent(answers_http(tmp_path / "nobody"), QUICK), 0.3)
