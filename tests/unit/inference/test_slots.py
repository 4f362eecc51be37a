"""The pool of shared memory: bounded, and abandoned memory rests before it is used again."""

import pytest

from app.inference.pose import Letterbox
from app.inference.slots import REST_S, SlotPool
from app.inference.triton import is_local
from app.kit.errors import UnavailableError


def test_abandoned_slots_rest_and_then_serve_again() -> None:
    now = [0.0]
    pool = SlotPool(1, 64, shared=False, clock=lambda: now[0])
    first = pool.take()
    pool.give_back(first, abandoned=True)
    second = pool.take()
    assert second is not first
    pool.give_back(second, abandoned=True)
    with pytest.raises(UnavailableError):
        pool.take()
    now[0] = REST_S
    assert pool.take() is first


def test_a_dead_server_ends_the_rest() -> None:
    pool = SlotPool(1, 64, shared=False, clock=lambda: 0.0)
    taken = [pool.take(), pool.take()]
    for slot in taken:
        pool.give_back(slot, abandoned=True)
    pool.wake()
    assert {id(pool.take()), id(pool.take())} == {id(slot) for slot in taken}


def test_a_slot_given_back_is_used_again() -> None:
    pool = SlotPool(4, 64, shared=False)
    slot = pool.take()
    pool.give_back(slot)
    assert pool.take() is slot


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("127.0.0.1:8001", True),
        ("localhost:8001", True),
        ("[::1]:8001", True),
        ("triton.shop:8001", False),
        ("10.0.0.4:8001", False),
    ],
)
def test_memory_is_shared_with_this_machine_only(url: str, local: bool) -> None:
    assert is_local(url) is local


def test_padding_is_remembered_only_while_the_layout_stays() -> None:
    """Another layout puts other rows, or results, where this one's padding lay."""
    wide, tall = Letterbox.fit(64, 30, 64), Letterbox.fit(30, 64, 64)
    slot = SlotPool(1, 2 * 64 * 64 * 3, shared=False).take()
    slot.frames(2, wide)
    slot.painted = {0: wide, 1: wide}
    slot.frames(2, wide)
    assert slot.painted == {0: wide, 1: wide}
    slot.frames(1, wide)
    assert slot.painted == {}
    slot.painted = {0: wide}
    slot.frames(1, tall)
    assert slot.painted == {}
