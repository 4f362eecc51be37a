"""A worker's report of models: rows that cannot be are left out, and the others count."""

import uuid

import msgspec
import pytest

from app.cameras.model_reports import read_report
from app.contracts.models import Disagreement, ModelReading, ModelReport, ShadowReading
from app.kit.errors import BadInputError

ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def test_an_odd_row_costs_itself_and_not_the_report() -> None:
    readings = [
        ModelReading(ONE, "yolo_pose", 1, frames=3),
        ModelReading(ONE, "yolo_pose", 1, frames=9),  # the same again
        ModelReading(OTHER, "yolo_pose", 1, quality_sum=-0.1),
        ModelReading(OTHER, "yolo_pose", 1 << 40),
        ModelReading(OTHER, "Yolo Pose", 1),
        ModelReading(OTHER, "yolo_pose", 0),
        ModelReading(OTHER, "yolo_pose", 2, score_sum=float("nan")),
        ModelReading(OTHER, "yolo_pose", 2, latency=[1]),
    ]
    shadows = [
        ShadowReading(ONE, "yolo_pose", 1001, 1, shift_sum=-3.0),
        ShadowReading(ONE, "yolo_pose", 1, 1001, frames=2),  # the other way round: it was promoted meanwhile
        ShadowReading(ONE, "yolo_pose", 1001, 1 << 31),
        ShadowReading(ONE, "yolo_pose", 1001, 1001),
        ShadowReading(OTHER, "yolo_pose", 1001, 1, shift_sum=-1e300),
    ]
    still = Disagreement(ONE, "yolo_pose", 1001, 1, 5, 1, 0, 0.5, b"\xff\xd8")
    stills = [still, still, msgspec.structs.replace(still, still=b"GIF"), msgspec.structs.replace(still, only_old=1 << 40)]
    stills += [msgspec.structs.replace(still, captured_at_us=1 << 60)]
    read = read_report(msgspec.msgpack.encode(ModelReport(ONE, ONE, readings, shadows, stills)))
    assert [each.frames for each in read.readings] == [3]
    assert [(each.version, each.against) for each in read.shadows] == [(1001, 1), (1, 1001)]
    assert read.disagreements == [still, still]


def test_what_is_none_at_all_is_refused() -> None:
    for raw in (b"", b"nothing", msgspec.msgpack.encode([1])):
        with pytest.raises(BadInputError, match="no report"):
            read_report(raw)
