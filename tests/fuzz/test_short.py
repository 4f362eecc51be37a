"""The short form: some hundred inputs a reader; `make fuzz` is the long one."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import Target, targets

EXAMPLES = 60
TARGETS = targets()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_it_reads_or_refuses(target: Target) -> None:
    for seed in target.seeds:
        target.feed(seed)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(mutated(target.seeds))
    def feed(raw: bytes) -> None:
        target.feed(raw)

    feed()


def test_a_crash_is_found() -> None:
    def read(raw: bytes) -> None:
        if b"\xff\xff\xff\xff" in raw:
            raise IndexError

    @settings(max_examples=2000, deadline=None, database=None, derandomize=True)
    @given(mutated((b"abcdefgh",)))
    def feed(raw: bytes) -> None:
        Target("broken", read, (ValueError,), ()).feed(raw)

    with pytest.raises(IndexError):
        feed()
