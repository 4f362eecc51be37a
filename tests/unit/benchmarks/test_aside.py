"""`bench NAME --json` is one document: what processes beside it log goes to stderr."""

from pathlib import Path

import pytest

import benchmarks
from app.kit.logs import logger
from benchmarks.aside import SPAWN, aside


def _log(word: str) -> None:
    logger(__name__).info("too little to tell", word=word)
    logger(__name__).warning("worth telling", word=word)


def test_what_a_process_beside_logs_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    process = aside(_log, "here")
    process.start()
    process.join(60)
    said = capfd.readouterr()
    assert (process.exitcode, said.out) == (0, "")
    assert "worth telling" in said.err
    assert "too little" not in said.err


def test_every_benchmark_starts_its_processes_so() -> None:
    for path in Path(benchmarks.__path__[0]).glob("*.py"):
        assert path.name == "aside.py" or "get_context(" not in path.read_text(), path.name
    assert SPAWN.get_start_method() == "spawn"
