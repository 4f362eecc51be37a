"""What may be done to an incident, its timeline and its report."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.platypus import Paragraph

from app.alerts.models import Alert, Handler
from app.incidents.lifecycle import IncidentAct, decide, demand_open
from app.incidents.models import CaseFile, Entry, EntryKind, Incident, IncidentState, seen, timeline
from app.incidents.report import _story, report_pdf
from app.kit.errors import BadInputError, ConflictError
from tests.unit.alerts.test_lifecycle import make_alert

NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
ANN = Handler(uuid.UUID(int=1), "ann")


def make_incident(state: IncidentState = IncidentState.OPEN, **changes: object) -> Incident:
    made = Incident(
        id=uuid.UUID(int=5), store_id=uuid.UUID(int=8), kind="falling", title="Fall at the till", description="Slipped.",
        state=state, loss_value=None, loss_currency=None, police_reference=None, conclusion=None, staff=(), opened_by=ANN,
        opened_at=NOW, changed_at=NOW, revision=0,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def make_entry(kind: EntryKind, seconds: float, note: str = "") -> Entry:
    return Entry(uuid.uuid4(), kind, ANN, NOW + timedelta(seconds=seconds), note, {"loss_value": True})


@given(st.lists(st.sampled_from(list(IncidentAct)), max_size=8))
def test_whatever_people_try_a_closed_incident_has_a_conclusion(acts: list[IncidentAct]) -> None:
    incident = make_incident()
    for act in acts:
        try:
            changed = decide(incident, act, NOW - timedelta(hours=1), "handed to the police")
        except ConflictError:
            continue
        assert changed.revision == incident.revision + 1
        assert changed.changed_at >= incident.changed_at
        assert changed.state is not incident.state
        incident = changed
        if incident.state is IncidentState.CLOSED:
            assert incident.conclusion
            with pytest.raises(ConflictError):
                demand_open(incident)


def test_closing_needs_words() -> None:
    with pytest.raises(BadInputError):
        decide(make_incident(), IncidentAct.CLOSE, NOW, "  ")


def make_case(entries: list[Entry], *alerts: Alert, simulated: frozenset[uuid.UUID] = frozenset()) -> CaseFile:
    return CaseFile(make_incident(), alerts, tuple(entries), "Store", (), {}, simulated)


@given(st.permutations([make_entry(EntryKind.OPENED, 0), make_entry(EntryKind.NOTE, 5, "x"), make_entry(EntryKind.CLOSED, 9)]))
def test_the_timeline_is_in_the_order_of_time_whatever_the_order_of_reading(entries: list[Entry]) -> None:
    alert = make_alert(started_at=NOW - timedelta(seconds=3))
    found = [item.text for item in timeline(make_case(entries, alert))]
    assert found == ["Loitering seen by a camera", "Incident opened", "Note", "Incident closed"]
    drawn = timeline(make_case(entries, alert, simulated=frozenset({alert.id})))
    assert drawn[0].text == "Loitering seen by a simulated camera: drawn figures"
    kinds = {"falling": "Fall seen by a camera", "floor": "Person on the floor seen by a camera"}
    kinds["camera-offline"] = "Camera offline"
    assert {kind: seen(kind, simulated=False) for kind in kinds} == kinds
    assert timeline(make_case([make_entry(EntryKind.CHANGED, 1)]))[0].text == "Changed: loss value"
    at_once = [make_entry(EntryKind.ALERT_JOINED, 0), make_entry(EntryKind.OPENED, 0)]
    assert [item.text for item in timeline(make_case(at_once))] == ["Incident opened", "Alert joined"]


def test_the_report_is_a_pdf_and_takes_any_text() -> None:
    title = "<b>Kühlregal & 'Gang' \u4e2d\x00 </b>"
    notes = tuple(make_entry(EntryKind.NOTE, each, "line\n<para>" * 50) for each in range(30))
    alert = make_alert()
    cameras = {alert.camera_id: "Aisle <7>"}
    case = CaseFile(make_incident(title=title, description=title), (alert,), notes, "Store <1>", ("ann", "b&b"), cameras)
    pdf = report_pdf(case, NOW, "ann")
    texts = [item.getPlainText() for item in _story(case, NOW, "ann") if isinstance(item, Paragraph)]
    assert any(text.endswith("Aisle <7>") for text in texts), "an alert's camera is named"
    summer = dataclasses.replace(case, timezone="Europe/Berlin")
    told = [item.getPlainText() for item in _story(summer, NOW + timedelta(days=180), "ann") if isinstance(item, Paragraph)]
    assert any("Made 2026-06-30 12:00:00 CEST by ann. All times are the store's own, Europe/Berlin." in text for text in told)
    assert any(text.startswith("2026-01-01 11:00:00 CET - Note") for text in told)
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 2
