"""Reach to a shelf: a hand is in a shelf's zone, and away from its own body.

The zone is drawn over the shelf itself, not over the floor. Someone who walks past in front of it has hands there too, in the
picture, but hanging beside the hips: those lie within 0.2 body heights of the line from shoulders to hips. A hand that takes
something is farther off (forearm 0.15, upper arm 0.19 of the height: Drillis and Contini 1966).
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np

from app.behaviour.acts import ActParameters, Evidence, HowUrgent, Same, follow
from app.behaviour.bodies import HIPS, SHOULDERS, STATURE, WRISTS, Floats
from app.behaviour.declared import BODY_HEIGHTS, SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.presence import Presence, share_of
from app.behaviour.sight import Measure, Sight
from app.behaviour.zones import ZoneSet

KIND = "reaching"


LEAST_OUT = 0.1
"""A hand nearer to the torso is not looked at, whatever the setting."""


class ReachingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as reaching into a shelf."""

    out_body_heights: Annotated[
        float, setting("How far from the torso the hand is; a hanging one is within 0.2.", BODY_HEIGHTS, 0.1, 0.6)
    ] = 0.24
    lasts_s: Annotated[float, setting("For so long; an arm that swings past is shorter.", SECONDS, 0.1, 60)] = 0.4
    threat: HowUrgent = Threat.LOW


class Reaches(msgspec.Struct):
    """By zone id."""

    zones: dict[str, Presence] = {}


def step(
    state: Reaches, sight: Sight, zones: ZoneSet, areas: Sequence[tuple[str, ReachingParameters]]
) -> tuple[Reaches, list[Finding]]:
    """Take one frame in; the given state is used up. `zones` in the order of `areas`."""
    findings: list[Finding] = []
    after: dict[str, Presence] = {}
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(sight, zones, areas)
    for area, parameters in areas:
        presence = after[area] = state.zones.get(area) or Presence()
        reaches = {row: out for row, where, (out,) in measured if where == area and out >= parameters.out_body_heights}
        rows = {sight.seen[row].number: row for row in reaches}
        found = []
        for number, lasted in presence.hold(sight, rows, over_pauses=False).items():
            score = share_of(lasted, parameters.lasts_s)
            if score < parameters.threshold and presence.of(number, area) is None:
                continue
            explanation: Explanation = {
                "reach_body_heights": round(reaches[rows[number]], 2),
                "reach_threshold_body_heights": parameters.out_body_heights,
                "lasted_s": round(lasted, 1),
            }
            since_us = presence.held[number].since_us
            found.append(Evidence([sight.seen[rows[number]]], since_us, max(score, parameters.threshold), explanation, area))
        findings += follow(KIND, presence, sight, found, parameters, Same.PERSON)
    return Reaches(after), findings


def _measure(sight: Sight, zones: ZoneSet, areas: Sequence[tuple[str, ReachingParameters]]) -> list[Measure]:
    """How far off the torso the farther hand in each shelf's zone is, of whoever has one there."""
    if not sight.seen or len(sight.motion.rows) != len(sight.seen):
        return []
    inside, out = _hands(sight, zones)
    reaches = np.where(inside, out[:, :, None], 0.0).max(axis=1)
    return [(row, areas[column][0], (float(reaches[row, column]),)) for row, column in np.argwhere(reaches >= LEAST_OUT).tolist()]


def _hands(sight: Sight, zones: ZoneSet) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.bool_]], Floats]:
    """((n, 2, z) whether each hand is in each zone, (n, 2) body heights that it is off the torso; 0 where one is not seen)."""
    now = sight.motion.now()
    hands = now[:, WRISTS].reshape(-1, 2, 2)
    shoulders, hips = now[:, None, SHOULDERS], now[:, None, HIPS]
    torso = hips - shoulders
    squared = np.maximum((torso**2).sum(axis=2), 1e-9)
    share = np.clip(((hands - shoulders) * torso).sum(axis=2) / squared, 0.0, 1.0)
    off = hands - (shoulders + share[:, :, None] * torso)
    out = np.nan_to_num(np.hypot(off[..., 0], off[..., 1]) / np.maximum(now[:, None, STATURE], 1e-3))
    known = np.nan_to_num(hands, nan=-9.0).reshape(-1, 2)
    inside = zones.inside((known[:, 0] / sight.aspect).tolist(), known[:, 1].tolist())
    return np.array(inside, bool).reshape(len(now), 2, -1), out
