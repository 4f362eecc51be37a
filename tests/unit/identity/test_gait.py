"""What gait may say of a lead; and that from gait alone there is no way to a lead or an alert, by type and by what is written."""

import ast
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identity.decision.tail import fpir
from app.identity.gait import decision, models, walking
from app.identity.gait.decision import SMALLEST_LIST, WANTED_FPIR, judge, read_calibration, threshold_of
from app.identity.gait.models import Verdict
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION

APP = Path(decision.__file__).parents[2]
OWN, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
GAIT_WORDS = (
    "GaitEmbedding",
    "GaitSupport",
    "GaitResult",
    "GaitProfile",
    "ShownSupport",
    "SaidOfLead",
    "gait_supports",
    "gait_profiles",
)
MAKES = ("INSERT INTO matches", "INSERT INTO alerts", "INSERT INTO incidents", "INSERT INTO alert_occurrences")


@pytest.mark.parametrize(
    ("scores", "threshold", "quality", "walking", "verdict", "why"),
    [
        ({OWN: 0.9}, 0.8, 0.9, True, Verdict.SUPPORTS, ""),
        ({OWN: 0.9, OTHER: 0.5}, 0.9, 0.5, True, Verdict.SUPPORTS, ""),
        ({OWN: 0.79}, 0.8, 0.9, True, Verdict.UNKNOWN, decision.BELOW),
        ({OWN: 0.9, OTHER: 0.9}, 0.8, 0.9, True, Verdict.UNKNOWN, decision.OTHER_NEARER),
        ({OWN: 0.9}, 0.8, 0.49, True, Verdict.UNKNOWN, decision.POOR),
        ({OWN: 0.9}, 0.8, float("nan"), True, Verdict.UNKNOWN, decision.POOR),
        ({OWN: 0.9}, 0.8, 0.9, False, Verdict.UNKNOWN, decision.STANDS),
        ({OWN: 0.9}, None, 0.9, True, Verdict.UNKNOWN, decision.NOT_CALIBRATED),
        ({OWN: float("nan")}, 0.8, 0.9, True, Verdict.UNKNOWN, decision.BELOW),
        ({OWN: 0.9, OTHER: float("nan")}, 0.8, 0.9, True, Verdict.UNKNOWN, decision.OTHER_NEARER),
    ],
)
def test_a_support_needs_the_best_score_above_the_threshold_of_a_walk_well_seen(
    scores: dict[uuid.UUID, float], threshold: float | None, quality: float, walking: bool, verdict: Verdict, why: str
) -> None:
    assert judge(OWN, scores, threshold, quality, walking=walking) == (verdict, why)


def test_the_threshold_rises_with_the_list_and_keeps_its_promise_on_what_was_measured() -> None:
    (known,) = read_calibration().values()
    found = [threshold_of(GAIT_MODEL, GAIT_VERSION, size) for size in (1, SMALLEST_LIST, 100, 10_000)]
    assert None not in found
    assert found[0] == found[1] <= found[2] <= found[3] <= 1  # type: ignore[operator]
    assert found[1] > known.tail.start  # type: ignore[operator]
    assert fpir(known.tail, found[1], SMALLEST_LIST) <= WANTED_FPIR  # type: ignore[arg-type]
    assert known.people >= 60
    assert threshold_of(GAIT_MODEL, "2", 10) is None, "nobody measured that version"


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(1, 6).map(lambda n: uuid.UUID(int=n)), st.floats(-1, 1), min_size=1), st.floats(0, 1))
def test_no_score_says_that_somebody_is_another_person_or_names_another_entry(
    scores: dict[uuid.UUID, float], good: float
) -> None:
    own = sorted(scores)[0]
    verdict, _ = judge(own, scores, threshold_of(GAIT_MODEL, GAIT_VERSION, len(scores)), good, walking=True)
    assert verdict in (Verdict.SUPPORTS, Verdict.UNKNOWN)
    assert verdict is Verdict.UNKNOWN or scores[own] == max(scores.values())


def sources() -> dict[str, str]:
    return {str(path.relative_to(APP)): path.read_text("utf-8") for path in sorted(APP.rglob("*.py"))}


def test_what_writes_leads_alerts_and_incidents_knows_no_type_of_gait() -> None:
    makers = {name: text for name, text in sources().items() if any(each in text for each in MAKES)}
    assert {"pipeline/match_repository.py", "pipeline/alert_repository.py", "incidents/repository.py"} <= makers.keys()
    found = [(name, word) for name, text in makers.items() for word in GAIT_WORDS if word in text]
    assert found == [], "a lead or an alert could be made of gait"


def test_a_standing_lead_is_made_only_where_a_faces_lead_was_written_and_a_support_only_of_one() -> None:
    made = {
        (node.func.id, name)
        for name, text in sources().items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("StandingLead", "GaitSupport", "LeadId")
    }
    assert made == {
        ("StandingLead", "pipeline/match_repository.py"),
        ("LeadId", "pipeline/match_repository.py"),
        ("GaitSupport", "pipeline/gait.py"),
    }
    fields = models.GaitSupport.__annotations__
    assert fields["lead"] in (models.StandingLead, "StandingLead"), "no support without a lead"
    with pytest.raises(TypeError):
        models.GaitSupport()  # type: ignore[call-arg]


@pytest.mark.matrix
def test_the_type_checker_refuses_gait_where_a_lead_is_made(tmp_path: Path) -> None:
    """Two lines in which a walk stands for a face, and one that is right: mypy tells them apart."""
    api = pytest.importorskip("mypy.api")
    trial = tmp_path / "trial.py"
    trial.write_text(
        "from app.contracts.biometrics import GaitEmbedding, ProbeEmbedding\n"
        "from app.identity.gait.models import GaitSupport\n"
        "from app.pipeline.match_repository import match_id, raise_match\n"
        "import uuid\n"
        "from typing import Any\n"
        "async def wrong(c: Any, setup: Any, walk: GaitEmbedding, support: GaitSupport, lead: Any) -> None:\n"
        "    await raise_match(c, setup, walk, uuid.uuid4(), lead)\n"
        "    await raise_match(c, setup, support, uuid.uuid4(), lead)\n"
        "    await raise_match(c, setup, lead, uuid.uuid4(), support)\n"
        "async def right(c: Any, setup: Any, face: ProbeEmbedding, lead: Any) -> None:\n"
        "    await raise_match(c, setup, face, uuid.uuid4(), lead)\n"
    )
    said, _, _ = api.run([str(trial), "--no-error-summary", "--hide-error-context"])
    lines = {int(line.split(":")[1]) for line in said.splitlines() if str(trial.name) in line and "error" in line}
    assert lines == {7, 8, 9}, said


def test_numbers_of_a_walk_stay_out_of_logs() -> None:
    from tests.builders import make_gait

    said = make_gait()
    assert "112" not in repr(said)
    assert np.isfinite(said.embedding_array()).all()


def test_of_a_clip_so_many_frames_are_decoded_whatever_times_they_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.integration.service.walks import clip

    whole = clip(4)
    seen = len(list(walking.frames_of(whole)))
    monkeypatch.setattr(walking, "MOST_DECODED", seen // 2)
    assert 0 < len(list(walking.frames_of(whole))) <= seen // 2
