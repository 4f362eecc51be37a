"""NAL units in both forms, and the newest group of pictures as late joiners get it."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.capture import nal
from app.capture.units import JUMP, LONGEST_GROUP, AccessUnits
from app.contracts.video import AccessUnit, WhyNot

SPS, PPS, IDR, SLICE = b"\x67sps", b"\x68pps", b"\x65idr", b"\x41pic"
AVCC = b"\x01\x42\x00\x1e\xff\xe1" + len(SPS).to_bytes(2, "big") + SPS + b"\x01" + len(PPS).to_bytes(2, "big") + PPS


@settings(max_examples=30)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.sampled_from([1, 2, 4]))
def test_lengths_become_start_codes(units: list[bytes], size: int) -> None:
    payload = b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)
    assert nal.annex_b(payload, size) == b"".join(nal.START + unit for unit in units)
    if payload:
        with pytest.raises(nal.BrokenUnitError):
            nal.annex_b(payload[:-1], size)


def test_parameter_sets_of_both_kinds_of_extradata() -> None:
    sets = nal.START + SPS + nal.START + PPS
    assert nal.length_size(AVCC) == 4
    assert nal.parameter_sets(AVCC) == sets
    assert (nal.length_size(sets), nal.parameter_sets(sets), nal.parameter_sets(b"")) == (None, sets, b"")
    assert nal.has_parameter_sets(sets + nal.START + IDR)
    assert not nal.has_parameter_sets(nal.START + IDR + sets)
    assert not nal.has_parameter_sets(nal.START + SLICE)


def stream(name: str = "h264", extradata: bytes = AVCC, *, b_frames: bool = False) -> Any:
    return SimpleNamespace(codec_context=SimpleNamespace(name=name, extradata=extradata, has_b_frames=b_frames))


def packet(pts: int, body: bytes = SLICE, *, key: bool = False) -> Any:
    made = av.Packet(len(body).to_bytes(4, "big") + body)
    made.pts, made.time_base, made.is_keyframe = pts, Fraction(1, 90_000), key
    return made


def opened(**given: Any) -> AccessUnits:
    units = AccessUnits()
    units.begin(stream(**given))
    return units


def watched(units: AccessUnits) -> tuple[list[AccessUnit], list[AccessUnit | WhyNot]]:
    later: list[AccessUnit | WhyNot] = []
    group = units.watch(later.append)
    assert isinstance(group, list)
    return group, later


def test_a_late_joiner_gets_the_newest_group_and_then_the_rest_in_order() -> None:
    units = opened()
    for number in range(7):
        units.put(packet(number * 3000 + 3000, IDR if number in (0, 4) else SLICE, key=number in (0, 4)), number)
    group, later = watched(units)
    assert [unit.captured_at_us for unit in group] == [4, 5, 6]
    assert group[0].payload == nal.START + SPS + nal.START + PPS + nal.START + IDR
    units.put(packet(8 * 3000), 7)
    units.stop()
    units.put(packet(9 * 3000), 8)
    assert [each.captured_at_us if isinstance(each, AccessUnit) else each for each in later] == [7, WhyNot.NOT_RUNNING]
    assert units.watch(later.append) is WhyNot.NOT_RUNNING


def test_a_masked_camera_keeps_nothing_and_lets_everybody_go_at_once() -> None:
    units = opened()
    units.put(packet(3000, IDR, key=True), 1)
    _, later = watched(units)
    units.set_masked(True)
    units.put(packet(6000), 2)
    assert later == [WhyNot.MASKED]
    assert units.watch(later.append) is WhyNot.MASKED
    units.set_masked(False)
    assert watched(units)[0] == []  # what was sent before and under the masks is gone
    assert AccessUnits(masked=True).watch(later.append) is WhyNot.MASKED


def test_what_a_browser_cannot_take_is_refused() -> None:
    assert opened(name="hevc").watch(print) is WhyNot.CODEC
    assert opened(b_frames=True).watch(print) is WhyNot.REORDERED
    units = opened()
    units.put(packet(3000, IDR, key=True), 1)
    _, later = watched(units)
    units.put(packet(9000), 2)
    units.put(packet(6000), 3)  # a B-frame that no header announced
    assert (later[-1], units.watch(print)) == (WhyNot.REORDERED, WhyNot.REORDERED)


def test_a_clock_that_begins_anew_goes_on_and_an_endless_group_is_not_kept() -> None:
    units = opened()
    units.put(packet(10 * JUMP, IDR, key=True), 1)
    units.put(packet(0), 2)
    units.put(packet(3000), 3)
    times = [unit.pts for unit in watched(units)[0]]
    assert times == sorted(set(times))
    assert times[2] - times[1] == 3000
    for number in range(LONGEST_GROUP + 1):
        units.put(packet(6000 + number * 3000), number)
    assert watched(units)[0] == []
