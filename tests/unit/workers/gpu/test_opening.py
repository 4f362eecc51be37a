"""How long a source may take to open, and judgements of addresses beside the graph. A clock of its own; real threads."""

import queue
import threading
import uuid

import pytest

from app.workers.gpu.graph import (
    FIRST_PAUSE_AFTER_NO_S,
    LONGEST_PAUSE_AFTER_NO_S,
    LONGEST_PAUSE_S,
    NotAdmitted,
    Slot,
    Wanted,
    pause_s,
)
from app.workers.gpu.opening import Admissions, Verdict, patience_s, silent
from app.workers.gpu.pipeline import SILENT_S, START_S

TICK_S = 0.05
END_S = 30


def opened(number: int, began_at: float = 1000.0) -> Slot:
    return Slot(uuid.UUID(int=number), number, Wanted("rtsp://c"), connection=1, bin=object(), began_at=began_at)


@pytest.mark.parametrize(("cameras", "whole_s"), [(170, 20.0), (64, 22.0), (1, 14.0)])
def test_sources_whose_decoders_open_one_after_another_are_all_waited_for(cameras: int, whole_s: float) -> None:
    slots = [opened(number) for number in range(cameras)]
    now = began = 1000.0
    while now < began + whole_s:
        for slot in slots[: int((now - began) / whole_s * cameras)]:
            slot.last_at = now
        assert silent(slots, now, START_S, SILENT_S) == [], f"{now - began:.2f} s"
        now += TICK_S


def test_a_source_that_never_opens_is_given_up_after_its_bound_and_a_live_one_after_silence() -> None:
    dead, live = opened(0), opened(1)
    live.last_at = 1001.0
    bound = patience_s(START_S, 1)
    assert silent([dead, live], 1001.0 + SILENT_S, START_S, SILENT_S) == []
    assert silent([dead, live], 1001.1 + SILENT_S, START_S, SILENT_S) == [live]
    live.last_at = 1000.0 + bound
    assert silent([dead, live], 1000.0 + bound - 0.1, START_S, SILENT_S) == []
    assert silent([dead, live], 1000.0 + bound + 0.1, START_S, SILENT_S) == [dead]
    dead.bin = None
    assert silent([dead], 1e6, START_S, SILENT_S) == []


def test_a_camera_that_said_no_is_asked_ever_more_slowly() -> None:
    pauses = [pause_s(failures, answered_no=True, draw=lambda: 0.5) for failures in range(8)]
    assert pauses[:2] == [FIRST_PAUSE_AFTER_NO_S, 2 * FIRST_PAUSE_AFTER_NO_S]
    assert max(pauses) == LONGEST_PAUSE_AFTER_NO_S > LONGEST_PAUSE_S


def test_names_that_never_resolve_hold_up_nobody_else_and_are_not_asked_twice_at_once() -> None:
    held, entered, verdicts = threading.Event(), queue.SimpleQueue[str](), queue.SimpleQueue[Verdict]()

    def admit(address: str) -> str:
        entered.put(address)
        if address.startswith("hangs"):
            held.wait(END_S)
        if address == "forbidden":
            raise NotAdmitted("No.", answered_no=True)
        if address == "broken":
            raise ZeroDivisionError
        return f"{address} judged"

    admissions = Admissions(admit, 48)
    try:
        for _ in range(3):
            for number in range(40):
                admissions.ask(uuid.UUID(int=number), f"hangs {number}", lambda _verdict: None)
        for number, address in enumerate(("good", "forbidden", "broken")):
            admissions.ask(uuid.UUID(int=100 + number), address, verdicts.put)
        found = {(said.address, said.why, said.answered_no) for said in (verdicts.get(timeout=END_S) for _ in range(3))}
        assert found == {
            ("good judged", "", False),
            ("", "No.", True),
            ("", "The camera's address cannot be judged (ZeroDivisionError).", False),
        }
        asked = [entered.get(timeout=END_S) for _ in range(43)]
        assert len(set(asked)) == 43
        # A camera whose address was corrected does not wait for the judgement of the old one.
        admissions.ask(uuid.UUID(int=0), "corrected", verdicts.put)
        assert verdicts.get(timeout=END_S) == Verdict("corrected judged")
    finally:
        admissions.stop()
        held.set()


def test_a_slow_judgement_is_told_to_who_asked_anew_meanwhile() -> None:
    held, entered, verdicts = threading.Event(), queue.SimpleQueue[str](), queue.SimpleQueue[tuple[int, Verdict]]()

    def admit(address: str) -> str:
        entered.put(address)
        held.wait(END_S)
        return address

    admissions = Admissions(admit, 4)
    camera = uuid.UUID(int=1)
    admissions.ask(camera, "slow", lambda said: verdicts.put((1, said)))
    entered.get(timeout=END_S)
    admissions.ask(camera, "slow", lambda said: verdicts.put((2, said)))
    held.set()
    assert [verdicts.get(timeout=END_S) for _ in range(2)] == [(1, Verdict("slow")), (2, Verdict("slow"))]
    assert entered.empty()
    admissions.stop()


def test_a_machine_without_threads_fails_no_asker(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = queue.SimpleQueue[Verdict]()
    admissions = Admissions(lambda address: address, 4)

    def none(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none)
        admissions.ask(uuid.UUID(int=1), "first", verdicts.put)
        admissions.ask(uuid.UUID(int=2), "gone", verdicts.put)
        admissions.forget(uuid.UUID(int=2))
    admissions.ask(uuid.UUID(int=1), "again", verdicts.put)
    assert verdicts.get(timeout=END_S) == Verdict("again")
    admissions.stop()
