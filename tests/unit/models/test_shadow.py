"""Which camera compares which versions, and what sums say."""

import uuid
from dataclasses import replace

import pytest

from app.contracts.models import LATENCIES, LATENCY_MS, latency_bucket
from app.models.models import Pointer, promoted, version_for
from app.models.readings.models import Sums, quantile_ms
from app.models.shadows.models import Agreement, shadow_of
from app.models.shadows.schemas import AgreementOut
from app.models.shadows.text import report_lines

CAMERAS = [uuid.UUID(int=n << 64) for n in range(1, 1000)]
START = Pointer("yolo_pose", 1)


def test_a_share_of_the_cameras_asks_the_shadowed_version_too_and_a_promotion_takes_the_same_first() -> None:
    asks = {camera for camera in CAMERAS if shadow_of(START, 1001, 0.3, camera) == 1001}
    assert 220 < len(asks) < 380
    tried = promoted(START, 1001, 0.3)
    assert {camera for camera in CAMERAS if version_for(tried, camera) == 1001} == asks


def test_the_comparison_goes_on_while_the_version_is_promoted() -> None:
    tried, everywhere = promoted(START, 1001, 0.5), promoted(START, 1001, 1)
    for camera in CAMERAS[:50]:
        pair = {version_for(tried, camera), shadow_of(tried, 1001, 1.0, camera)}
        assert pair == {1, 1001}
        assert (version_for(everywhere, camera), shadow_of(everywhere, 1001, 1.0, camera)) == (1001, 1)
    assert shadow_of(replace(everywhere, previous=None), 1001, 1.0, CAMERAS[0]) is None


@pytest.mark.parametrize(("milliseconds", "bucket"), [(0, 0), (5, 0), (5.1, 1), (3200, LATENCIES - 2), (9999, LATENCIES - 1)])
def test_a_latency_falls_into_the_count_of_its_edge(milliseconds: float, bucket: int) -> None:
    assert latency_bucket(milliseconds / 1000) == bucket


def test_a_quantile_lies_within_its_count() -> None:
    counts = [0] * LATENCIES
    assert quantile_ms(counts, 0.5) is None
    counts[4] = 100  # 20 to 30 ms
    assert quantile_ms(counts, 0.5) == 25.0
    counts[LATENCIES - 1] = 100
    assert quantile_ms(counts, 0.95) == LATENCY_MS[-1]


def test_sums_say_nothing_where_there_is_nothing() -> None:
    both = Sums(frames=20, failures=10, persons=40, score_sum=30.0, quality_sum=20.0, latency=[2] * LATENCIES)
    assert (both.asked, both.failure_rate, both.persons_a_frame, both.score, both.quality) == (30, 1 / 3, 2.0, 0.75, 0.5)
    assert both.norm is None
    nothing = Sums()
    assert (nothing.failure_rate, nothing.persons_a_frame, nothing.score) == (0.0, None, None)


def test_agreement_is_persons_times_likeness() -> None:
    half = Agreement(frames=10, both=6, only_old=1, only_new=3, likeness_sum=4.5, likened=5, shift_sum=0.6, shift_squares=0.06)
    assert half.agreement == pytest.approx(0.6 * 0.9)
    assert half.shift == pytest.approx(0.1)
    assert half.shift_spread == pytest.approx(0.0, abs=1e-6)
    assert Agreement().agreement is None


def test_a_report_reads_as_sentences() -> None:
    shadow = {"model": "yolo_pose", "version": 1001, "started_at": "then", "ended_at": None, "share": 0.25}
    nothing = {"shadow": shadow, "total": AgreementOut.of(Agreement()).model_dump(), "cameras": [], "disagreements": []}
    assert "Nothing was compared yet" in report_lines(nothing)[1]
    some = AgreementOut.of(Agreement(frames=4, both=6, only_new=2, likeness_sum=6, likened=6)).model_dump()
    said = "\n".join(report_lines({**nothing, "total": some, "cameras": [{"camera": "Door", "agreement": some}]}))
    assert "agreement 0.750" in said
    assert "2 by the new one alone" in said
    assert "Door: agreement 0.750, 4 frames" in said
