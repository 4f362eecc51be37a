"""Loitering on scripted scenes: who is where at which second, at several frame rates."""

import math
import random
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.behaviour.findings import Finding, Phase
from app.behaviour.loitering import LoiteringParameters, LoiteringState, step
from app.behaviour.people import Continuity, PeopleState, observe
from app.behaviour.zones import Zone, ZoneSet
from tests.builders import BODY, Someone, make_tracked_frame

ZONE = Zone("z", ((0.3, 0.3), (0.7, 0.3), (0.7, 0.95), (0.3, 0.95)))
PARAMETERS = LoiteringParameters()
RATES = pytest.mark.parametrize("fps", [4, 10, 30])

Scene = Callable[[float], Sequence[Someone]]


class Play:
    """Runs a scene through continuity and the rule; collects findings."""

    def __init__(
        self, *, zones: tuple[Zone, ...] = (ZONE,), spot: bool = False, parameters: LoiteringParameters = PARAMETERS
    ) -> None:
        self.zones = ZoneSet(zones)
        self.areas = [(zone.zone_id, parameters) for zone in zones]
        self.spot = parameters if spot else None
        self.people, self.state = PeopleState(), LoiteringState()
        self.findings: list[Finding] = []
        self.sequence = 0

    def play(
        self, scene: Scene, seconds: float, *, fps: float = 10, begin: float = 0.0, epoch: int = 1, **look: object
    ) -> "Play":
        return self.at(scene, [begin + index / fps for index in range(round(seconds * fps))], epoch=epoch, **look)

    def at(self, scene: Scene, times: Sequence[float], *, epoch: int = 1, **look: object) -> "Play":
        for at_s in times:
            self.sequence += 1
            frame = make_tracked_frame(scene(at_s), at_s, epoch=epoch, sequence=self.sequence, **look)  # type: ignore[arg-type]
            sight = observe(self.people, frame, Continuity())
            if sight is None:
                continue
            inside = self.zones.inside(sight.x, sight.y)
            self.state, found = step(self.state, sight, inside, self.areas, self.spot)
            self.findings += found
            # What a restart would do at any moment.
            self.people = msgspec.msgpack.decode(msgspec.msgpack.encode(self.people), type=PeopleState)
            self.state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.state), type=LoiteringState)
        return self

    @property
    def begun(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.phase is Phase.BEGINS]


def stand(track: int = 1, x: float = 0.5, y: float = 0.8) -> Scene:
    return lambda _at: [(track, x, y)]


def sway(at_s: float) -> Sequence[Someone]:
    return [(1, 0.5 + 0.01 * math.sin(3 * at_s), 0.8 + 0.01 * math.cos(2 * at_s))]


@RATES
def test_somebody_who_walks_through_is_not_found(fps: float) -> None:
    speed = 0.8 * BODY * 9 / 16  # body heights a second, as a share of the picture's width
    play = Play(spot=True).play(lambda at: [(1, at * speed, 0.8)] if at * speed <= 1 else [], 30, fps=fps)
    assert play.findings == []


@RATES
def test_somebody_who_stays_in_a_zone_is_found_once_after_the_dwell(fps: float) -> None:
    play = Play().play(sway, 50, fps=fps)
    (finding,) = play.begun
    assert finding.zone_id == "z"
    assert finding.score >= finding.threshold
    assert (finding.ended_at_us - finding.started_at_us) / 1e6 == pytest.approx(30, abs=2 / fps)
    assert finding.explanation["threshold_s"] == 30
    assert all(each.phase is Phase.GOES_ON for each in play.findings[1:])
    assert len(play.findings) <= 1 + 20 / PARAMETERS.report_every_s


@RATES
def test_somebody_on_one_spot_without_a_zone_is_found_after_a_minute(fps: float) -> None:
    play = Play(zones=(), spot=True).play(sway, 70, fps=fps)
    (finding,) = play.begun
    assert finding.zone_id == ""
    assert (finding.ended_at_us - finding.started_at_us) / 1e6 == pytest.approx(60, abs=2 / fps)
    assert finding.explanation["spread_body_heights"] < 0.2


def test_a_stroll_through_the_shop_is_no_spot() -> None:
    turn = 2 * math.pi / 40  # a circle of 3 body heights' radius, one round in 40 s
    play = Play(zones=(), spot=True)
    play.play(lambda at: [(1, 0.5 + 0.6 * BODY * math.cos(turn * at), 0.6 + 1.2 * BODY * math.sin(turn * at) / 2)], 200, fps=5)
    assert play.findings == []


@RATES
def test_hidden_for_five_seconds_and_seen_again_under_a_new_id_is_one(fps: float) -> None:
    def scene(at: float) -> Sequence[Someone]:
        if at < 20:
            return [(1, 0.5, 0.8)]
        return [] if at < 25 else [(2, 0.52, 0.8)]

    play = Play().play(scene, 60, fps=fps)
    (finding,) = play.begun
    assert finding.track_ids == (1, 2)
    # Only observed time counts, give or take the one step before and after.
    assert (finding.ended_at_us - finding.started_at_us) / 1e6 == pytest.approx(35, abs=2 / fps + 0.2)


@RATES
def test_an_id_that_switches_between_two_frames_changes_nothing(fps: float) -> None:
    play = Play().play(lambda at: [(1 + int(at / 3), 0.5, 0.8)], 40, fps=fps)
    assert len(play.begun) == 1
    assert play.begun[0].explanation["dwell_s"] == pytest.approx(30, abs=2 / fps)


def test_two_people_are_two() -> None:
    play = Play().play(lambda _at: [(1, 0.4, 0.8), (2, 0.6, 0.8)], 40)
    assert sorted(finding.track_ids for finding in play.begun) == [(1,), (2,)]


def test_two_who_cross_with_swapped_ids_are_still_two() -> None:
    def scene(at: float) -> Sequence[Someone]:
        return [(1, 0.45, 0.8), (2, 0.55, 0.8)] if at < 15 else [(2, 0.45, 0.8), (1, 0.55, 0.8)]

    assert len(Play().play(scene, 45).begun) == 2


def test_who_comes_back_after_a_minute_is_another_occurrence() -> None:
    play = Play().play(stand(1), 40).play(lambda _at: [], 60, begin=40).play(stand(9), 40, begin=100)
    assert len(play.begun) == 2
    assert len({finding.presence for finding in play.begun}) == 2
    ended = [finding for finding in play.findings if finding.phase is Phase.ENDED]
    assert [finding.presence for finding in ended] == [play.begun[0].presence]
    assert ended[0].ended_at_us == pytest.approx(play.begun[0].started_at_us + 40e6, abs=2e5)


def rare(a_second: float, until_s: float) -> list[float]:
    """Times of frames of an overloaded worker: from a third of the mean pause to 1.6 of it apart; every seventh comes late."""
    chance, times, at_s = random.Random(4), list[float](), 0.0
    while at_s < until_s:
        times.append(at_s)
        if len(times) % 7 == 0:
            times.append(times[-2] if len(times) > 1 else at_s)
        at_s += chance.uniform(0.33, 1.6) / a_second
    return times


@pytest.mark.parametrize("spot", [False, True])
@pytest.mark.parametrize("a_second", [0.4, 0.7, 1.0, 2.0, 4.0])
def test_rare_irregular_and_late_frames_hide_nobody_who_stays_and_nobody_who_passes_is_found(a_second: float, spot: bool) -> None:
    needed, pause = (60, 4.0) if spot else (30, 4.0)
    play = Play(zones=() if spot else (ZONE,), spot=spot).at(sway, rare(a_second, needed + 40))
    (finding,) = play.begun
    dwell = finding.explanation["dwell_s"]
    assert needed <= dwell <= needed + pause
    assert (finding.ended_at_us - finding.started_at_us) / 1e6 == pytest.approx(dwell, abs=0.1)
    speed = 0.8 * BODY * 9 / 16
    passes = Play(spot=True).at(lambda at: [(1, at * speed, 0.8)] if at * speed <= 1 else [], rare(a_second, 60))
    assert passes.findings == []


def test_who_misses_every_second_rare_frame_was_not_seen_to_stay_and_a_long_silence_counts_for_nothing() -> None:
    times = rare(0.4, 240)
    there = set(times[::2])
    assert Play().at(lambda at: [(1, 0.5, 0.8)] if at in there else [], times).findings == []
    assert Play().at(stand(), [6.0 * index for index in range(40)]).findings == []


@pytest.mark.parametrize("spot", [False, True])
def test_strangers_one_after_the_other_in_one_place_are_nobody_who_stays_however_rare_the_frames(spot: bool) -> None:
    play = Play(zones=() if spot else (ZONE,), spot=spot)
    assert play.at(lambda at: [(round(at * 10), 0.5, 0.8)], rare(0.4, 300)).findings == []


@pytest.mark.parametrize(("away_s", "begun"), [(0.0, 0), (0.1, 0), (0.9, 0), (4.0, 1)])
def test_who_moves_on_has_left_the_spot_after_the_time_that_was_set_however_short(away_s: float, begun: int) -> None:
    def scene(at: float) -> Sequence[Someone]:
        return [(1, 0.5 if at < 40 or at >= 42 else 0.5 + 1.5 * BODY * 9 / 16, 0.8)]

    play = Play(zones=(), spot=True, parameters=LoiteringParameters(spot_away_s=away_s)).play(scene, 82, fps=5)
    assert len(play.begun) == begun


def test_a_found_occurrence_goes_on_through_a_worker_restart_of_twenty_seconds() -> None:
    play = Play().play(stand(1), 40).play(stand(1), 40, begin=60, epoch=2)
    assert len(play.begun) == 1
    assert {finding.presence for finding in play.findings} == {play.begun[0].presence}
    assert play.findings[-1].ended_at_us > play.begun[0].started_at_us + 90e6


def test_an_act_names_only_tracks_of_the_epoch_it_names() -> None:
    play = Play().play(stand(3), 40).play(stand(1), 40, begin=60, epoch=2)
    assert {(each.epoch, each.track_ids) for each in play.findings} == {(1, (3,)), (2, (1,))}
    assert len({each.presence for each in play.findings}) == 1


def test_somebody_else_far_away_after_the_restart_is_another() -> None:
    play = Play().play(stand(1, 0.35), 40).play(stand(1, 0.65, 0.5), 40, begin=60, epoch=2)
    assert len(play.begun) == 2


@RATES
def test_a_queue_of_passers_by_is_nobody(fps: float) -> None:
    speed = 0.8 * BODY * 9 / 16

    def scene(at: float) -> Sequence[Someone]:
        return [(index, (at - 2 * index) * speed, 0.8) for index in range(80) if 0 <= (at - 2 * index) * speed <= 1]

    assert Play(spot=True).play(scene, 160, fps=fps).findings == []


@RATES
def test_passers_by_one_at_a_time_through_a_narrow_view_are_nobody(fps: float) -> None:
    """Each leaves where the next comes in a moment later, on the other side."""
    speed, left, right = 0.8 * BODY * 9 / 16, 0.35, 0.65
    each_s = (right - left) / speed + 0.5

    def scene(at: float) -> Sequence[Someone]:
        number, since = divmod(at, each_s)
        x = left + since * speed
        return [(int(number), x, 0.8)] if x <= right else []

    assert Play(spot=True).play(scene, 120, fps=fps).findings == []


def test_dwell_inside_and_outside_the_zone_is_told_apart() -> None:
    """In for 20 s, a step outside for 10 s: the stay is over."""
    play = Play().play(lambda at: [(1, 0.5 if at % 30 < 20 else 0.9, 0.8)], 120)
    assert play.findings == []
    play = Play().play(lambda at: [(1, 0.5 if at % 15 < 12 else 0.9, 0.8)], 60)
    assert len(play.begun) == 1


def test_in_a_zone_only_the_zone_rule_speaks() -> None:
    assert [finding.zone_id for finding in Play(spot=True).play(stand(), 120, fps=5).begun] == ["z"]


def test_a_stream_that_changes_its_size_goes_on() -> None:
    play = Play().play(stand(), 20).play(stand(), 20, begin=20, size=(640, 360))
    assert len(play.begun) == 1


def test_ankles_give_the_foot_point_when_they_are_seen_and_the_box_when_not() -> None:
    play = Play().play(stand(), 16, ankles=0.9).play(stand(), 16, begin=16)
    assert len(play.begun) == 1


def test_a_clock_set_back_is_followed_and_single_old_frames_are_not() -> None:
    play = Play().play(stand(), 20).play(stand(), 30, begin=-500)
    assert len(play.begun) == 1


def test_unbelievable_people_do_not_count() -> None:
    nan = float("nan")
    assert Play().play(lambda _at: [(1, nan, 0.8), (2, 0.5, float("inf")), (3, 5.0, 0.8)], 40).people.people == {}
    assert Play().play(stand(), 40, score=0.1).findings == []


@pytest.mark.parametrize(
    "wrong",
    [{"zone_dwell_s": 0}, {"spot_radius": -1}, {"gap_s": 99}, {"resume_s": 1}, {"zone_dwell_s": float("nan")}, {"dwell": 3}],
)
def test_wrong_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, LoiteringParameters)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.floats(0, 1), st.floats(0, 1)), max_size=6, unique_by=lambda each: each[0]).flatmap(
        lambda people: st.tuples(st.just(people), st.floats(0, 8), st.integers(4, 30))
    )
)
def test_nobody_is_found_before_the_dwell_and_everybody_still_there_after(case: tuple[list[Someone], float, int]) -> None:
    people, _, fps = case
    parameters = LoiteringParameters(zone_dwell_s=2, spot_dwell_s=4, report_every_s=1)
    play = Play(spot=True, parameters=parameters).play(lambda _at: people, 1.9, fps=fps)
    assert play.findings == []
    play.play(lambda _at: people, 3.0, fps=fps, begin=2.0)
    assert len(play.begun) == len(people)
    assert len({(finding.zone_id, finding.presence) for finding in play.begun}) == len(people)


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 3), st.floats(-1, 2), st.floats(-1, 2)), max_size=60))
def test_any_frames_in_any_order_give_consistent_findings(frames: list[tuple[float, int, float, float]]) -> None:
    parameters = LoiteringParameters(zone_dwell_s=1, spot_dwell_s=1, report_every_s=0.5, gap_s=1)
    play = Play(spot=True, parameters=parameters)
    at_s = 0.0
    for pause, track, x, y in frames:
        at_s += pause
        play.play(lambda _at, person=(track, x, y): [person], 0.1, begin=at_s)  # type: ignore[misc]
    began = [(finding.zone_id, finding.presence) for finding in play.begun]
    assert len(began) == len(set(began))
    for finding in play.findings:
        assert finding.started_at_us <= finding.ended_at_us
        assert 0 <= finding.score <= 1
        assert finding.phase is Phase.ENDED or finding.score >= finding.threshold
