"""The report of an incident as PDF: pages of text, nothing hidden, no picture."""

import io
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from app.behaviour.hours import zone_of
from app.incidents.models import RULE, CaseFile, timeline, words

_PLAIN, _BOLD = "Vera", "VeraBd"


def report_pdf(case: CaseFile, made_at: datetime, made_by: str) -> bytes:
    """The PDF's bytes. Takes some tens of milliseconds: call it off the event loop."""
    _fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title=f"Incident {case.incident.id}", author="PennyProtect",
    )  # fmt: skip
    foot = _foot(f"Incident {case.incident.id}")
    document.build(_story(case, made_at, made_by), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


@cache
def _fonts() -> None:
    """Fonts that carry accents; they come with the library."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _style(size: float, font: str = _PLAIN, before: float = 0, hang: float = 0) -> ParagraphStyle:
    """`hang`: points by which every line but the first is moved in."""
    return ParagraphStyle(
        "", fontName=font, fontSize=size, leading=size * 1.35, spaceBefore=before, spaceAfter=2, leftIndent=hang,
        firstLineIndent=-hang,
    )  # fmt: skip


def _foot(of: str) -> Callable[[Canvas, BaseDocTemplate], None]:
    """Each page says what it is of: pages are handed on, and get apart."""

    def draw(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont(_PLAIN, 7)
        canvas.drawString(20 * mm + 6, 10 * mm, of)
        canvas.drawRightString(A4[0] - 20 * mm - 6, 10 * mm, f"Page {document.page}")

    return draw


def _story(case: CaseFile, made_at: datetime, made_by: str) -> list[Flowable]:
    incident, zone = case.incident, zone_of(case.timezone)
    story: list[Flowable] = [
        Paragraph(escape(incident.title), _style(16, _BOLD)),
        Paragraph(f"Incident {incident.id}", _style(8)),
        Spacer(1, 4 * mm),
        _facts(case, zone),
    ]
    for heading, text in (("What happened", incident.description), ("Conclusion", incident.conclusion or "")):
        if text:
            story += [Paragraph(heading, _style(12, _BOLD, 10)), Paragraph(_lines(text), _style(9.5))]
    story.append(Paragraph("Alerts", _style(12, _BOLD, 10)))
    for alert in case.alerts:
        outcome = f", outcome {alert.outcome}" if alert.outcome else ""
        camera = escape(case.camera_names.get(alert.camera_id, "a camera that is gone"))
        told = f"{escape(words(alert.kind))} ({alert.threat.value} threat{outcome}), {camera}"
        story.append(Paragraph(f"{_time(alert.started_at, zone)} - {told}", _style(9.5)))
    if not case.alerts:
        story.append(Paragraph("None joined.", _style(9.5)))
    story.append(Paragraph("Timeline", _style(12, _BOLD, 10)))
    for item in timeline(case):
        by = f", by {escape(item.by)}" if item.by else ""
        note = f"<br/>{_lines(item.note)}" if item.note else ""
        story.append(Paragraph(f"{_time(item.at, zone)} - {escape(item.text)}{by}{note}", _style(9.5, hang=14)))
    made = f"Made {_time(made_at, zone)} by {escape(made_by)}. All times are the store's own, {escape(str(zone))}."
    story.append(Paragraph(made, _style(8, before=14)))
    return story


def _facts(case: CaseFile, zone: tzinfo) -> Table:
    incident = case.incident
    loss = "-" if incident.loss_value is None else f"{incident.loss_value} {incident.loss_currency}"
    rows = [
        ("Store", case.store_name),
        ("Act", words(incident.kind)),
        ("State", words(incident.state.value)),
        ("Opened", f"{_time(incident.opened_at, zone)} by {incident.opened_by.username if incident.opened_by else RULE}"),
        ("Staff", ", ".join(case.staff_names) or "-"),
        ("Loss", loss),
        ("Police reference", incident.police_reference or "-"),
    ]
    cells = [[Paragraph(name, _style(9, _BOLD)), Paragraph(escape(value), _style(9))] for name, value in rows]
    return Table(cells, colWidths=[40 * mm, 130 * mm], hAlign="LEFT", style=[("LEFTPADDING", (0, 0), (0, -1), 0)])


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br/>")


def _time(moment: datetime, zone: tzinfo) -> str:
    """By the store's clock: staff look for 15:04 on theirs."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
