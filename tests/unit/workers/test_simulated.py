"""Simulated cameras: their acts raise the alerts they are for, and no others, through the pipeline's own step."""

import asyncio
import dataclasses
import uuid
from collections import Counter

import numpy as np
import pytest

from app.behaviour.findings import Phase
from app.contracts.control import DesiredCamera
from app.contracts.tracked import CameraHealth, CameraState, TrackedFrame, TrackletClosed
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraRow, set_up
from app.workers.simulated.acts import FPS, SCRIPTS, seen_at
from app.workers.simulated.figure import Points, standing
from app.workers.simulated.lane import SimulatedLane, script_of
from tests.builders import CAMERA, START_US

RULES = set_up([CameraRow(CAMERA, uuid.UUID(int=1), uuid.UUID(int=2), True)], [], [], pytest.fail)[CAMERA]


class Kept:
    """An outlet that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[TrackedFrame] = []
        self.tracklets: list[TrackletClosed] = []
        self.said: list[CameraHealth] = []
        self.pictures: list[bytes] = []

    def frame(self, frame: TrackedFrame) -> None:
        self.frames.append(frame)

    def tracklet(self, tracklet: TrackletClosed) -> None:
        self.tracklets.append(tracklet)

    def health(self, health: CameraHealth) -> None:
        self.said.append(health)

    def picture(self, camera: uuid.UUID, captured_at_us: int, jpeg: bytes) -> None:
        self.pictures.append(jpeg)


def lane_of(script: str, outlet: Kept) -> SimulatedLane:
    camera = DesiredCamera(CAMERA, uuid.UUID(int=2), f"simulated://{script}", 5.0, "yolo_pose", "1", 1, False, False)
    return SimulatedLane(camera, SCRIPTS[script], outlet)


@pytest.mark.parametrize("name", SCRIPTS)
def test_two_playings_of_a_script_raise_its_act_twice_and_nothing_else(name: str) -> None:
    script, outlet, chance = SCRIPTS[name], Kept(), np.random.default_rng(3)
    lane, camera, begun = lane_of(name, outlet), Camera(), list[tuple[str, float]]()
    for number in range(int(2 * script.lasts_s * FPS)):
        at_us = START_US + round(number / FPS * 1e6)
        findings = camera.take(lane.tell(seen_at(script, number / FPS, chance), at_us), RULES)
        assert isinstance(findings, list)
        begun += [(finding.kind, number / FPS) for finding in findings if finding.phase is Phase.BEGINS]
    assert Counter(kind for kind, _ in begun) == ({script.act: 2} if script.act else {})
    for playing, (_, at_s) in enumerate(begun):
        assert 0 < at_s - playing * script.lasts_s - script.act_s < 8
    assert len(outlet.tracklets) >= 2
    assert all(len(frame.track_ids) <= 3 for frame in outlet.frames)


@pytest.mark.parametrize("fps", [5.0, 10.0])
def test_lively_people_behind_each_other_or_in_a_looped_film_do_not_fight(fps: float) -> None:
    fight, chance = SCRIPTS["fight"], np.random.default_rng(5)

    def behind(at_s: float) -> dict[int, Points]:
        return {number: body + np.array([2.0 * (number == 4), 0, 0]) for number, body in fight.people(at_s).items()}

    def looped(at_s: float) -> dict[int, Points]:
        """Two who stand and talk, film of 1.7 s over and over; one is elsewhere at its end."""
        second = at_s % 1.7
        return {number: standing(second) + np.array([0, 0, 0.7 * number + 0.3 * second]) for number in (0, 1)}

    for people in (behind, looped):
        script, lane, camera = dataclasses.replace(fight, people=people), lane_of("fight", Kept()), Camera()
        for number in range(int(30 * fps)):
            frame = lane.tell(seen_at(script, number / fps, chance), START_US + round(number / fps * 1e6))
            assert [each for each in camera.take(frame, RULES) if each.kind == "fighting"] == []  # type: ignore[union-attr]


def test_a_lane_plays_in_real_time_says_it_is_live_and_ends() -> None:
    outlet = Kept()
    lane = lane_of("ordinary", outlet)
    lane.watched = True

    async def play() -> None:
        running = asyncio.create_task(lane.run())
        await asyncio.sleep(0.45)
        lane.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(play())
    assert 3 <= len(outlet.frames) <= 7
    assert [frame.sequence for frame in outlet.frames] == list(range(len(outlet.frames)))
    assert outlet.pictures[0][:2] == b"\xff\xd8"
    assert [said.state for said in outlet.said] == [CameraState.LIVE, CameraState.STOPPED]


def test_only_simulated_addresses_name_a_script() -> None:
    assert script_of("simulated://fall") is SCRIPTS["fall"]
    assert script_of("simulated://nothing") is None
    assert script_of("rtsp://10.0.0.1/fall") is None
