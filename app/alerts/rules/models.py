"""How a kind of rule is set somewhere; the most specific setting wins, none means the defaults of the code."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.alerts.grouping import PLAIN


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """Parameters of a kind of rule for a store, one of its cameras or one of its zones, and what becomes of its alerts.

    `cool_down_s`: an occurrence that begins so soon after the last joins its open alert; `opens_incident`: each alert is a case.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID | None
    zone_id: uuid.UUID | None
    kind: str
    enabled: bool
    parameters: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    cool_down_s: float = PLAIN.cool_down_s
    opens_incident: bool = PLAIN.opens_incident
