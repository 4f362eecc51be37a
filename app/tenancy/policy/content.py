"""What a proposal asks for, as it is stored."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.tenancy.policy.models import Papers, Site, Switch, Switches


def write_content(wanted: Switches, papers: Papers, site: Site) -> dict[str, Any]:
    """A proposal as it is stored."""
    signed = papers.counsel_signed_on
    return {
        **dataclasses.asdict(wanted),
        **dataclasses.asdict(papers),
        "counsel_signed_on": None if signed is None else signed.isoformat(),
        "jurisdiction": site.jurisdiction,
    }


def read_content(content: Mapping[str, Any]) -> tuple[Switches, Papers]:
    """What a stored proposal asks for."""
    signed = content.get("counsel_signed_on")
    texts = {name: str(content[name]) for name in ("legal_basis", "dpia_reference", "notice_text", "counsel_reference")}
    papers = Papers(**texts, counsel_signed_on=None if signed is None else date.fromisoformat(signed))
    return Switches(**{switch.value: content[switch.value] is True for switch in Switch}), papers
