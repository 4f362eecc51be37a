"""A process that looks for cycles seldom still looks, and not through what was there before, its code."""

import subprocess
import sys
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from app import roles_command

LOOKS = """
import gc, weakref
from app.kit.collector import COLLECT_AFTER, collect_seldom
class Node: pass
def ring():
    node = Node(); node.itself = node
    return node
code = ring(); stays = weakref.ref(code)
collect_seldom()
assert gc.get_threshold() == COLLECT_AFTER and gc.isenabled()
del code
node = ring(); gone = weakref.ref(node); del node
kept = [[] for _ in range(2 * COLLECT_AFTER[0])]
assert gone() is None
gc.collect()
assert stays() is not None
"""


def test_what_was_there_is_frozen_and_later_cycles_still_go() -> None:
    subprocess.run([sys.executable, "-c", LOOKS], check=True, timeout=60)


def test_the_pipeline_freezes_its_code_after_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    async def entry(_settings: object, _stop: object) -> None:
        raise AssertionError("is not run")

    def imported(name: str) -> SimpleNamespace:
        order.append(name)
        return SimpleNamespace(run=entry)

    def run(role: Coroutine[Any, Any, None]) -> None:
        role.close()
        order.append("run")

    monkeypatch.setattr(roles_command, "leave_no_core", lambda: None)
    monkeypatch.setattr(roles_command, "configure", lambda *_role, **_how: None)
    monkeypatch.setattr(roles_command, "configure_tracing", lambda *_role: None)
    monkeypatch.setattr(roles_command, "import_module", imported)
    monkeypatch.setattr(roles_command, "collect_seldom", lambda: order.append("freeze"))
    monkeypatch.setattr(uvloop, "run", run)
    roles_command.pipeline()
    assert order == ["app.pipeline.runner", "freeze", "run"]
    del order[:]
    roles_command.dispatcher()
    assert order == ["app.pipeline.dispatcher", "run"], "others keep the usual pace"
