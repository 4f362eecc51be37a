"""Acts on alerts: decided by the lifecycle, written by compare-and-set, told to viewers and audited in one transaction."""

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.alerts import repository
from app.alerts.lifecycle import PLAINLY, AlertAct, How, decide
from app.alerts.models import Alert, Handler
from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.kit.errors import ConflictError, ForbiddenError
from app.kit.postgres import TenantConnection

AUDITED: Final = MappingProxyType(
    {
        AlertAct.CLAIM: Act.ALERT_CLAIMED,
        AlertAct.ACKNOWLEDGE: Act.ALERT_ACKNOWLEDGED,
        AlertAct.SNOOZE: Act.ALERT_SNOOZED,
        AlertAct.ESCALATE: Act.ALERT_ESCALATED,
        AlertAct.RESOLVE: Act.ALERT_RESOLVED,
        AlertAct.REOPEN: Act.ALERT_REOPENED,
    }
)
MOST_ATTEMPTS = 5


async def act_on_alert(
    connection: TenantConnection, who: Principal, alert_id: uuid.UUID, act: AlertAct, now: datetime, how: How = PLAINLY
) -> Alert:
    """The alert afterwards. NotFoundError, ConflictError, and ForbiddenError for an API key: people handle alerts."""
    if who.session_id is None or who.chain_id is None:
        raise ForbiddenError("Alerts are handled by people, not by API keys.")
    for _ in range(MOST_ATTEMPTS):
        alert = await repository.get_alert(connection, alert_id)
        changed = decide(alert, act, Handler(who.id, who.name), now, how)
        if changed is None:
            return alert
        if not await repository.change_alert(connection, alert.revision, changed):
            continue  # somebody was faster: decide again about what is true now
        await repository.tell_changed(connection, who.chain_id, changed)
        details = {"from": alert.state.value, "to": changed.state.value, "level": changed.escalation_level.value}
        await audit.append(
            connection,
            AuditEntry(AUDITED[act], who.kind, who.id, who.chain_id, alert.store_id, "alert", alert.id, details),
        )
        return changed
    raise ConflictError("This alert changes too fast just now; try again.")
