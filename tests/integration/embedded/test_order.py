"""What readiness needs starts first; what only wants the processor waits, and is never waited for at the stop."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.embedded import parts as product
from app.embedded import secrets
from app.embedded.process import Part
from app.embedded.roles import choose_servers
from app.embedded.state import open_home
from app.embedded.supervisor import Supervisor, check_order
from app.settings import Settings

ASKED_BY_READYZ = {"postgres", "bus", "memory", "triton", "service", "pipeline", "worker-cpu"}


def make_part(name: str, script: str = "exec sleep 60") -> Part:
    return Part(name, ("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"})


async def test_a_part_starts_after_those_it_leaves_the_processor_to(tmp_path: Path) -> None:
    ready_at: dict[str, float] = {}
    started_at: dict[str, float] = {}

    async def first_is_ready() -> None:
        if time.monotonic() - begun < 0.4:
            raise OSError("not yet")
        ready_at["first"] = time.monotonic()

    async def note_start() -> None:
        started_at["second"] = time.monotonic()

    first = replace(make_part("first"), ready=first_is_ready)
    second = replace(make_part("second"), before=note_start, after=("first",))
    stop, ready = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor([first, second], tmp_path, lambda *_: None, tmp_path)
    begun = time.monotonic()
    running = asyncio.create_task(supervisor.run(stop, ready.set))
    try:
        await asyncio.wait_for(ready.wait(), 20)
        assert started_at["second"] >= ready_at["first"]
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


async def test_a_part_starts_although_those_it_leaves_the_processor_to_never_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retention erases and the sealer seals where no model ever loads, so that no worker is heard."""
    monkeypatch.setattr("app.embedded.supervisor.COURTESY_S", 0.2)
    started = asyncio.Event()

    async def never() -> None:
        raise OSError("no model")

    async def note_start() -> None:
        started.set()

    worker = replace(make_part("worker"), ready=never)
    retention = replace(make_part("retention"), before=note_start, after=("worker",))
    stop = asyncio.Event()
    running = asyncio.create_task(Supervisor([worker, retention], tmp_path, lambda *_: None, tmp_path).run(stop, stop.set))
    try:
        await asyncio.wait_for(started.wait(), 20)
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


def test_a_part_waits_only_for_those_before_it() -> None:
    with pytest.raises(ValueError, match="late waits for"):
        check_order([replace(make_part("late"), after=("later",)), make_part("later")])


def test_nothing_that_readyz_asks_waits_for_what_it_does_not_ask(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, PENNYPROTECT_HOME=tmp_path / "home", PENNYPROTECT_CACHE=tmp_path / "cache")
    with open_home(settings.home, url="http://127.0.0.1:1") as home:
        chosen = product.replace_home(settings, home)
        known = secrets.load(home.root / "secrets.json", database_exists=False)
        listed = product.embedded_parts(chosen, home, choose_servers(chosen, home, known), known)
    check_order(listed)
    waits = {part.name: {*part.depends_on, *part.after} for part in listed}
    for name in ASKED_BY_READYZ:
        assert waits[name] <= ASKED_BY_READYZ | {"migrate", "first-run"}
    assert "first-run" in waits["worker-cpu"]  # or a product could be ready before it is set up
    for name in ("sealer", "retention", "live"):
        assert "worker-cpu" in waits[name]
