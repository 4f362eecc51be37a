"""What the pipeline watches for: rows of cameras, zones and rules become one `CameraSetup` a camera. Pure."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.alerts.grouping import PLAIN, Handling
from app.behaviour.cameras import CAMERA_RULES
from app.behaviour.rules import RULES, Areas, Rule, kept_parameters, read_parameters
from app.behaviour.zones import Zone, ZoneSet, line_of
from app.perception.ground import Ground, ground_of
from app.pipeline.policy import NOTHING, StorePolicy
from app.pipeline.timetable import RuleAreas, Timetable


@dataclass(frozen=True, slots=True)
class CameraRow:
    """A camera that is not deleted; `floor` as stored."""

    camera_id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    enabled: bool
    policy: StorePolicy = NOTHING
    timezone: str = "UTC"
    floor: Any = None


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone that is not deleted; `polygon` as stored."""

    zone_id: uuid.UUID
    camera_id: uuid.UUID
    kind: str
    polygon: Any


@dataclass(frozen=True, slots=True)
class RuleRow:
    """Parameters for a store, one of its cameras, or one zone; the most specific row counts as a whole."""

    store_id: uuid.UUID
    camera_id: uuid.UUID | None
    zone_id: uuid.UUID | None
    kind: str
    enabled: bool
    parameters: Mapping[str, Any]
    cool_down_s: float = PLAIN.cool_down_s
    opens_incident: bool = PLAIN.opens_incident


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """One camera: whose it is, where each rule looks at which hours, and which biometric messages count.

    `handling`: what becomes of alerts by (kind, zone id or ""), where it was set. `ground`: the floor in metres, where told.
    """

    camera_id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    enabled: bool
    rules: Timetable
    policy: StorePolicy = NOTHING
    handling: Mapping[tuple[str, str], Handling] = field(default_factory=dict)
    ground: Ground | None = None


Complain = Callable[[str], None]
"""Takes one sentence about a row that cannot be used."""


def set_up(
    cameras: Iterable[CameraRow], zones: Iterable[ZoneRow], rules: Iterable[RuleRow], complain: Complain
) -> dict[uuid.UUID, CameraSetup]:
    """The set-up of every camera. A row that cannot be used is told and left out: the others go on."""
    zones_of: dict[uuid.UUID, list[ZoneRow]] = defaultdict(list)
    for zone in zones:
        zones_of[zone.camera_id].append(zone)
    by_place = {(rule.store_id, rule.camera_id, rule.zone_id, rule.kind): rule for rule in rules}
    return {
        camera.camera_id: CameraSetup(
            camera.camera_id,
            camera.chain_id,
            camera.store_id,
            camera.enabled,
            Timetable(
                tuple(_rules(camera, zones_of[camera.camera_id], by_place, complain)),
                camera.timezone,
                {
                    kind: given
                    for kind in CAMERA_RULES
                    if (given := _parameters(kind, camera, None, by_place, complain)) is not None
                },
            ),
            camera.policy,
            _handling(camera, zones_of[camera.camera_id], by_place),
            _ground(camera, complain),
        )
        for camera in cameras
    }


Places = Mapping[tuple[uuid.UUID, uuid.UUID | None, uuid.UUID | None, str], RuleRow]


def _rules(camera: CameraRow, zones: Sequence[ZoneRow], rows: Places, complain: Complain) -> Iterable[RuleAreas]:
    for rule in RULES.values():
        areas = _areas(rule, camera, zones, rows, complain)
        if areas is not None:
            yield rule, areas


def _areas(rule: Rule, camera: CameraRow, zones: Sequence[ZoneRow], rows: Places, complain: Complain) -> Areas | None:
    polygons: list[Zone] = []
    parameters: list[tuple[str, Any]] = []
    for zone in sorted(zones, key=lambda each: str(each.zone_id)):
        if zone.kind != rule.zone_kind:
            continue
        given = _parameters(rule.kind, camera, zone.zone_id, rows, complain)
        polygon = _outline(rule, zone, complain)
        if given is not None and polygon is not None:
            polygons.append(polygon)
            parameters.append((str(zone.zone_id), given))
    elsewhere = None if rule.only_in_zones else _parameters(rule.kind, camera, None, rows, complain)
    if not parameters and elsewhere is None:
        return None
    if rule.along_lines:
        return Areas(ZoneSet(), tuple(parameters), elsewhere, tuple(line_of(each) for each in polygons))
    return Areas(ZoneSet(polygons), tuple(parameters), elsewhere)


def _parameters(kind: str, camera: CameraRow, zone_id: uuid.UUID | None, rows: Places, complain: Complain) -> Any:
    """Of the most specific row; defaults without a row or with a broken one; None when switched off."""
    row = _row(kind, camera, zone_id, rows)
    if row is not None:
        if not row.enabled:
            return None
        try:
            return kept_parameters(kind, row.parameters)
        except msgspec.ValidationError as error:
            complain(f"the {kind} rule of camera {camera.camera_id} cannot be used, defaults are: {error}")
    return read_parameters(kind, {})


def _row(kind: str, camera: CameraRow, zone_id: uuid.UUID | None, rows: Places) -> RuleRow | None:
    """The most specific row for a place."""
    in_zone = [(camera.camera_id, zone_id), (None, zone_id)] if zone_id else []
    for camera_id, zone in [*in_zone, (camera.camera_id, None), (None, None)]:
        row = rows.get((camera.store_id, camera_id, zone, kind))
        if row is not None:
            return row
    return None


def _handling(camera: CameraRow, zones: Sequence[ZoneRow], rows: Places) -> dict[tuple[str, str], Handling]:
    """Where a row says what becomes of alerts."""
    found: dict[tuple[str, str], Handling] = {}
    for kind in (*RULES, *CAMERA_RULES):
        for zone_id in (None, *(zone.zone_id for zone in zones)):
            row = _row(kind, camera, zone_id, rows)
            if row is not None:
                found[kind, "" if zone_id is None else str(zone_id)] = Handling(row.cool_down_s, row.opens_incident)
    return found


def _ground(camera: CameraRow, complain: Complain) -> Ground | None:
    if camera.floor is None:
        return None
    try:
        return ground_of(camera.floor["corners"], float(camera.floor["first_m"]), float(camera.floor["second_m"]))
    except (KeyError, TypeError, ValueError) as error:
        complain(f"the floor of camera {camera.camera_id} cannot be used: {error}")
        return None


def _outline(rule: Rule, row: ZoneRow, complain: Complain) -> Zone | None:
    try:
        zone = Zone(str(row.zone_id), tuple((float(x), float(y)) for x, y in row.polygon))
        line_of(zone) if rule.along_lines else ZoneSet([zone])
    except (TypeError, ValueError) as error:
        complain(f"zone {row.zone_id} cannot be used: {error}")
        return None
    return zone
