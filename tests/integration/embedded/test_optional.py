"""A product without its demo clips still starts, and says in one sentence what is missing."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.embedded import demo_cameras
from app.embedded.console import Console
from app.embedded.lifecycle import Phase, Policy, Status
from app.embedded.process import Part
from app.embedded.supervisor import Supervisor
from app.kit.errors import SetupError
from app.settings import Settings

SENTENCE = "The demo cameras have no clips."


def part(name: str, script: str, **changes: Any) -> Part:
    return Part(name, ("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}, **changes)


async def _away() -> None:
    raise OSError("nobody listens")


async def test_an_optional_part_that_cannot_start_is_reported_and_waited_for_by_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console, seen = Console(), list[Status]()

    def report(which: Part, status: Status) -> None:
        console.report(which, status)
        if status.phase is Phase.ABSENT:
            seen.append(status)

    parts = [
        part("server", "exec sleep 60"),
        part("demo", f"echo 'pennyprotect: {SENTENCE}' >&2; exit 1", ready=_away, policy=Policy(optional=True)),
    ]
    stop, ready = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor(parts, tmp_path, report, tmp_path)
    running = asyncio.create_task(supervisor.run(stop, ready.set))
    try:
        await asyncio.wait_for(ready.wait(), 10)
        assert supervisor.status["server"].phase is Phase.READY
        assert seen[0].reason == SENTENCE
        assert SENTENCE in capsys.readouterr().err
        async with asyncio.timeout(20):
            while len(seen) < 2:  # it is tried again
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


@dataclass(frozen=True)
class _Clip:
    name: str
    camera: str = "Aisle"


def test_the_clips_that_can_be_had_are_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"a", "c"}

    def fetch(clip: _Clip, _cache: Path, _mirror: Path | None) -> Path:
        if clip.name not in there:
            raise SetupError(f"{clip.name} could not be fetched.")
        return tmp_path / clip.name

    monkeypatch.setattr(demo_cameras, "available_clips", lambda *_: [_Clip(name) for name in "abc"])
    monkeypatch.setattr(demo_cameras, "fetch_clip", fetch)
    monkeypatch.setattr(demo_cameras, "camera_stream", lambda clip, _cache: [clip.name.encode()])
    settings = Settings(_env_file=None, PENNYPROTECT_CACHE=tmp_path)
    assert demo_cameras.prepare(settings) == {"a": [b"a"], "c": [b"c"]}
    there.clear()
    with pytest.raises(SetupError, match=r"everything else runs.*c could not be fetched"):
        demo_cameras.prepare(settings)
