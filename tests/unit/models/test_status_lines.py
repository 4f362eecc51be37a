"""What `models status` says of a pushed version's checks."""

from app.models.cli import _checked


def test_what_a_push_measured_is_one_clause() -> None:
    report = {
        "golden_images": 2,
        "p50_ms": 71.6,
        "p50_ms_in_use": 70.2,
        "compared_with": 1,
        "in_quiet": True,
        "slower_allowed": 1.5,
    }
    assert _checked(report) == "; checked: 2 golden images, 72 ms a frame beside 70 ms of version 1"
    assert _checked(report | {"in_quiet": False}).endswith("of version 1, while cameras kept Triton busy")
    assert _checked({}) == ""
