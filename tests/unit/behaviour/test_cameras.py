"""Rules about the camera itself: what the worker says about its stream, through a shard's whole way."""

import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from app.behaviour.findings import Finding, Phase
from app.contracts.tracked import CameraHealth, CameraState
from app.contracts.wire import encode
from app.pipeline.camera import Camera, decode_cameras, encode_cameras
from app.pipeline.configuration import CameraRow, CameraSetup, RuleRow, set_up
from app.pipeline.shard import Positions, Shard, Tally
from tests.builders import CAMERA, make_health

CHAIN, STORE = uuid.UUID(int=1), uuid.UUID(int=2)
LIVE, LOST, FROZEN = CameraState.LIVE, CameraState.RECONNECTING, CameraState.FROZEN
Story = list[tuple[float, CameraState]]


def setup(*rules: RuleRow) -> CameraSetup:
    return set_up([CameraRow(CAMERA, CHAIN, STORE, True)], [], rules, pytest.fail)[CAMERA]


def messages(story: Story, until_s: float) -> list[CameraHealth]:
    """Every 2 s the state that a story of (from second, state) says."""
    seconds = [2.0 * number for number in range(int(until_s / 2))]
    said = [next(state for since, state in reversed(story) if since <= second) for second in seconds]
    return [make_health(state, second, reason=str(state)) for second, state in zip(seconds, said, strict=True)]


def play(story: Story, until_s: float, rules: CameraSetup, *, restart: bool = False) -> list[Finding]:
    camera, findings = Camera(), []
    for health in messages(story, until_s):
        findings += camera.take_health(health, rules)
        if restart:
            camera = decode_cameras(encode_cameras({CAMERA: camera}))[CAMERA]
    return findings


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("state", "kind", "after_s"), [(LOST, "camera-offline", 60), (FROZEN, "camera-frozen", 30)])
def test_trouble_that_lasts_is_one_alert_with_its_end(state: CameraState, kind: str, after_s: float, restart: bool) -> None:
    findings = play([(0, LIVE), (10, state), (200, LIVE)], 240, setup(), restart=restart)
    phases = Counter(finding.phase for finding in findings)
    assert {finding.kind for finding in findings} == {kind}
    assert len({finding.presence for finding in findings}) == 1
    assert (phases[Phase.BEGINS], phases[Phase.ENDED]) == (1, 1)
    assert (findings[0].ended_at_us - findings[0].started_at_us) / 1e6 == after_s
    assert findings[0].explanation["reason"] == state
    assert (findings[-1].ended_at_us - findings[-1].started_at_us) / 1e6 == 188


@pytest.mark.parametrize(
    "story",
    [
        [(0, LIVE)],
        [(0, CameraState.STOPPED)],
        [(0, LIVE), (10, LOST), (60, LIVE)],
        [(0, LIVE), (10, FROZEN), (20, LOST), (40, LIVE)],
    ],
)
def test_what_passes_is_no_alert(story: Story) -> None:
    assert play(story, 200, setup()) == []


def test_a_camera_that_comes_back_for_a_moment_is_still_in_the_same_trouble() -> None:
    story: Story = [(0, LOST), (80, LIVE), (84, LOST), (120, LIVE)]
    assert len({finding.presence for finding in play(story, 160, setup())}) == 1


@pytest.mark.parametrize(
    ("wrong", "kind", "word"),
    [
        ({"view": "blind"}, "camera-blind", "covered"),
        ({"view": "moved"}, "camera-moved", "elsewhere"),
        ({"clock_off_s": -7.5}, "camera-clock", "8 s behind"),
        ({"clock_off_s": 1e9}, "camera-clock", "ahead of"),
    ],
)
def test_what_the_worker_says_of_view_and_clock_is_one_alert_with_its_end(wrong: Any, kind: str, word: str) -> None:
    camera, findings = Camera(), list[Finding]()
    for second in range(0, 300, 2):
        bad = 10 <= second < 200 and second % 20  # fine for one message now and then
        health = make_health(LIVE, second, **(wrong if bad else {"clock_off_s": 0.4}))
        findings += camera.take_health(health, setup())
    assert {finding.kind for finding in findings} == {kind}
    assert [finding.phase for finding in findings if finding.phase is not Phase.GOES_ON] == [Phase.BEGINS, Phase.ENDED]
    assert word in str(findings[0].explanation["reason"])


def test_a_camera_that_is_away_is_neither_blind_nor_wrong_by_its_clock() -> None:
    camera, findings = Camera(), list[Finding]()
    for second in range(0, 40, 2):
        findings += camera.take_health(make_health(LOST, second, view="blind", clock_off_s=50.0), setup())
    assert findings == []


def test_settings_hold_and_a_rule_switched_off_says_nothing() -> None:
    soon = RuleRow(STORE, None, None, "camera-offline", True, {"after_s": 4, "threat": "high"})
    assert play([(0, LOST)], 8, setup(soon))[0].threat == "high"
    assert play([(0, LOST)], 200, setup(RuleRow(STORE, None, None, "camera-offline", False, {}))) == []
    never = RuleRow(STORE, None, None, "camera-offline", True, {"hours": [{"start": "12:00", "end": "13:00"}]})
    assert play([(0, LOST)], 200, setup(never)) == []  # it is midnight


def test_a_clock_set_back_makes_no_trouble_longer() -> None:
    camera, rules = Camera(), setup()
    told = [camera.take_health(make_health(LOST, second), rules) for second in (0, 2, -3600, -3598)]
    trouble = camera.watch.troubles["camera-offline"]
    assert told == [[], [], [], []]
    assert trouble.last_us - trouble.since_us == 4_000_000


def test_a_shard_takes_late_health_for_nothing_and_raises_once() -> None:
    shard, tally, rules = Shard(0, 1, Positions(), {}), Tally(), {CAMERA: setup()}
    said = messages([(0, LIVE), (10, LOST)], 100)
    for number, health in enumerate([*said, *said]):
        shard.take_health([[f"{number + 1}-0".encode(), [b"m", encode(health)]]], rules, datetime.now(UTC), tally)
    assert [row.alert.kind for row in shard.pending.alerts if row.begins] == ["camera-offline"]
    assert shard.urgent
