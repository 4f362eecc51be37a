"""Acts on alerts: decided by the lifecycle under a row lock, told to viewers and audited in the same transaction."""

import uuid
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.alerts import repository
from app.alerts.lifecycle import AlertAct, decide
from app.alerts.models import Alert, Handler, Outcome
from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.kit.errors import ForbiddenError
from app.kit.postgres import TenantConnection

AUDITED: Final = MappingProxyType(
    {
        AlertAct.CLAIM: Act.ALERT_CLAIMED,
        AlertAct.ACKNOWLEDGE: Act.ALERT_ACKNOWLEDGED,
        AlertAct.RESOLVE: Act.ALERT_RESOLVED,
    }
)


async def act_on_alert(
    connection: TenantConnection,
    who: Principal,
    alert_id: uuid.UUID,
    act: AlertAct,
    now: datetime,
    *,
    outcome: Outcome = Outcome.HANDLED,
    take_over: bool = False,
) -> Alert:
    """The alert afterwards. NotFoundError, ConflictError, and ForbiddenError for an API key: people handle alerts."""
    if who.session_id is None or who.chain_id is None:
        raise ForbiddenError("Alerts are handled by people, not by API keys.")
    alert = await repository.get_alert(connection, alert_id, lock=True)
    changed = decide(alert, act, Handler(who.id, who.name), now, outcome=outcome, take_over=take_over)
    if changed is None:
        return alert
    await repository.change_alert(connection, who.chain_id, changed)
    details = {"from": alert.state.value, "to": changed.state.value}
    await audit.append(
        connection,
        AuditEntry(AUDITED[act], who.kind, who.id, who.chain_id, alert.store_id, "alert", alert.id, details),
    )
    return changed
