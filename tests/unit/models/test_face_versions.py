"""What a version of the face embedding lacks before it may be used."""

from app.models.embeddings.models import Readiness, lacks


def test_what_is_missing_is_said_in_the_order_in_which_it_is_mended() -> None:
    assert "3 of 10 entries" in lacks(1001, Readiness(10, 7, False, ["A"]))
    assert "3 of 10 entries" in lacks(1001, Readiness(10, 7, True), may_miss=2)
    assert "calibrate FOLDER --version 1001" in lacks(1001, Readiness(10, 7, False, ["A"]), may_miss=3)
    said = lacks(1001, Readiness(10, 10, True, ["A", "B", "C", "D", "E"]))
    assert "A, B, C and 2 more" in said
    assert lacks(1001, Readiness(0, 0, True)) == ""
