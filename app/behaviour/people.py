"""People of one camera over time: one `Person` through gaps, lost tracks and worker restarts.

The tracker's ids are believed while they last. A new id takes over a lost person when it turns up where that person can
be: near the way from the last position along the last velocity, no farther than `slack` plus `drift` times the gap, and of
like size. Only that; appearance plays no part. Pure: the only time is the frame's own.
"""

from dataclasses import dataclass

import msgspec

from app.behaviour.feet import Feet, feet_of
from app.behaviour.sight import US, Person, Sight
from app.contracts.tracked import TrackedFrame


@dataclass(frozen=True, slots=True)
class Continuity:
    """When two sightings are one person.

    Attributes:
        remember_s: how long somebody lost may come back; the architecture's 30 s of an occurrence.
        counted_gap_s: the longest pause between sightings that still counts as observed time: a few frames at 4 fps.
        longest_pause_s: likewise between two frames of a camera, for whoever is in both under one id: where frames are rare
            nobody was looked for meanwhile, so nobody was missing either. Under another id they may be the next in a queue.
        slack, drift_per_s, reach: body heights a person may stand off the foretold way: at once, more a second of gap, and
            at most. The way holds where they were and how fast they went; the drift is for those who stood and began to stroll
            (a walk is 0.8 body heights a second: 1.4 m/s, 1.7 m; Fruin 1971). Behind somebody who walked only `slack` counts:
            there the next passer-by comes in.
        walk_per_s: body heights a second that are a walk, not the jitter of someone who stands.
        size_ratio: how much taller or shorter the box may be than they stand, or than it was when they were lost: who fell and
            lies in a low box keeps lying in one.
        most_people: bound on the remembered; the longest lost go first.
        backward_frames: that many frames in a row older than the clock mean that the clock was set, not that frames are late.
    """

    remember_s: float = 30.0
    counted_gap_s: float = 1.0
    longest_pause_s: float = 5.0
    slack: float = 0.5
    drift_per_s: float = 0.2
    reach: float = 1.5
    walk_per_s: float = 0.3
    foretold_s: float = 2.0
    size_ratio: float = 1.7
    most_people: int = 256
    backward_frames: int = 25


class PeopleState(msgspec.Struct):
    """What continuity needs between frames; no keypoints. `tracks`: track id of the present epoch -> person number."""

    epoch: int = -1
    clock_us: int = 0
    backward: int = 0
    next_number: int = 0
    people: dict[int, Person] = {}
    tracks: dict[int, int] = {}


def observe(state: PeopleState, frame: TrackedFrame, rules: Continuity) -> Sight | None:
    """Take a frame in; the state given is changed and belongs to the caller's next call. None: the frame is out of time.

    The caller has already dropped frames of old epochs and repeated sequences.

    Raises:
        WireError: see `feet_of`; the state is unchanged.
    """
    found = feet_of(frame)
    at_us = frame.captured_at_us
    same_epoch = frame.epoch == state.epoch
    shifted = _turn_clock(state, frame, rules)
    if at_us <= state.clock_us and state.clock_us:
        return None
    pause_s = (at_us - state.clock_us) / US if same_epoch else 0.0
    state.clock_us = at_us
    state.backward = 0
    sight = Sight(at_us, frame.epoch, frame.width / frame.height, [], [], [], [], shifted)
    if pause_s <= rules.longest_pause_s:
        sight.pause_s = pause_s
    unknown: list[Feet] = []
    taken: set[int] = set()
    tracks, people = state.tracks, state.people
    for feet in found:
        number = tracks.get(feet[0], -1)
        person = people.get(number)
        if person is None or person.track_id != feet[0] or number in taken:
            person = _known(state, feet[0], at_us, taken)
            if person is None:
                unknown.append(feet)
                continue
            number = person.number
        taken.add(number)
        _sighted(person, feet, sight, rules)
    if unknown:
        _place(state, unknown, sight, rules)
    if len(state.people) > len(sight.seen):
        _forget(state, sight, rules)
    return sight


def _turn_clock(state: PeopleState, frame: TrackedFrame, rules: Continuity) -> int:
    """Start a new epoch's ids, and follow a clock that was set back; returns by how much all times moved."""
    fresh = frame.epoch != state.epoch
    if fresh:
        state.epoch = frame.epoch
        state.tracks = {}
    if not state.clock_us or frame.captured_at_us > state.clock_us:
        return 0
    state.backward += 1
    if not fresh and state.backward < rules.backward_frames:
        return 0
    shift = frame.captured_at_us - 1 - state.clock_us
    state.clock_us += shift
    for person in state.people.values():
        person.seen_us += shift
        person.adopted_us += shift
    return shift


def _known(state: PeopleState, track: int, at_us: int, taken: set[int]) -> Person | None:
    number = state.tracks.get(track)
    person = None if number is None else state.people.get(number)
    if person is None:
        state.tracks.pop(track, None)
        return None
    if person.track_id != track:
        # An id that was taken for lost is back. If its successor is just born, that was a mistake: the old id keeps the person.
        if person.number in taken or at_us - person.adopted_us > 2 * US:
            del state.tracks[track]
            return None
        state.tracks.pop(person.track_id, None)
        person.track_id = track
    return person if person.number not in taken else None


def _sighted(person: Person, feet: Feet, sight: Sight, rules: Continuity) -> None:
    _, x, y, body = feet
    elapsed = (sight.at_us - person.seen_us) / US
    if elapsed <= rules.counted_gap_s or elapsed <= sight.pause_s:
        person.counted_s = elapsed
        blend, vx, vy = elapsed if elapsed < 1.0 else 1.0, person.vx, person.vy
        person.vx = vx + blend * ((x - person.x) / elapsed - vx)
        person.vy = vy + blend * ((y - person.y) / elapsed - vy)
    else:
        person.counted_s = person.vx = person.vy = 0.0
    shrunk = person.body * (1.0 - 0.05 * (elapsed if elapsed < 10.0 else 10.0))
    person.body = body if body > shrunk else shrunk
    person.box = body
    person.x, person.y, person.seen_us = x, y, sight.at_us
    sight.seen.append(person)
    sight.x.append(x)
    sight.y.append(y)


def _place(state: PeopleState, unknown: list[Feet], sight: Sight, rules: Continuity) -> None:
    """Give each new track id the nearest plausible lost person, nearest pairs first; the rest are new people."""
    lost = [person for person in state.people.values() if person.seen_us < sight.at_us]
    pairs = sorted(
        (off, index, person.number)
        for index, feet in enumerate(unknown)
        for person in lost
        if (off := distance_off(person, feet, sight, rules)) is not None
    )
    placed: dict[int, int] = {}
    for _, index, number in pairs:
        if index not in placed and number not in placed.values():
            placed[index] = number
    for index, feet in enumerate(unknown):
        track, x, y, body = feet
        number = placed.get(index, -1)
        if number < 0:
            number = state.next_number
            state.next_number += 1
            person = Person(number, track, x, y, body, sight.at_us, box=body)
            state.people[number] = person
            sight.seen.append(person)
            sight.x.append(x)
            sight.y.append(y)
        else:
            person = state.people[number]
            person.track_id, person.adopted_us = track, sight.at_us
            _sighted(person, feet, sight, rules)
            if person.counted_s > rules.counted_gap_s:
                person.counted_s = 0.0
        state.tracks[track] = number
    if len(state.tracks) > 4 * rules.most_people:  # somebody whose id keeps changing
        state.tracks = {person.track_id: person.number for person in state.people.values()}


def distance_off(person: Person, feet: Feet, sight: Sight, rules: Continuity) -> float | None:
    """Body heights between a new foot point and the way foretold for a lost person; None when it cannot be them."""
    _, x, y, body = feet
    gap = (sight.at_us - person.seen_us) / US
    if gap > rules.remember_s or not (_like(body, person.body, rules) or _like(body, person.box, rules)):
        return None
    dx, dy = (x - person.x) * sight.aspect, y - person.y
    speed_x, speed_y = person.vx * sight.aspect, person.vy
    speed = (speed_x * speed_x + speed_y * speed_y) ** 0.5
    forward = (dx * speed_x + dy * speed_y) / speed if speed > 0 else 0.0
    ahead = min(max(0.0, forward), speed * min(gap, rules.foretold_s)) / speed if speed > 0 else 0.0
    off = float(((dx - speed_x * ahead) ** 2 + (dy - speed_y * ahead) ** 2) ** 0.5) / person.body
    behind = forward < 0 and speed > rules.walk_per_s * person.body
    allowed = rules.slack if behind else min(rules.reach, rules.slack + rules.drift_per_s * gap)
    return off if off <= allowed else None


def _like(body: float, other: float, rules: Continuity) -> bool:
    """Whether two boxes are of like height."""
    return other <= body * rules.size_ratio and body <= other * rules.size_ratio


def _forget(state: PeopleState, sight: Sight, rules: Continuity) -> None:
    oldest = sight.at_us - int(rules.remember_s * US)
    gone = [person.number for person in state.people.values() if person.seen_us < oldest]
    if len(state.people) - len(gone) > rules.most_people:
        by_age = sorted(state.people.values(), key=lambda person: person.seen_us)
        gone = [person.number for person in by_age[: len(by_age) - rules.most_people]]
    if gone:
        for number in gone:
            del state.people[number]
        state.tracks = {track: number for track, number in state.tracks.items() if number in state.people}
        sight.forgotten.extend(gone)
