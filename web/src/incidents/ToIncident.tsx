import { FolderPlus } from "lucide-react";
import { useNavigate } from "react-router";
import type { Alert } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { kindName } from "../text/kinds";
import { incidents, joinAlert, openIncident } from "./endpoints";
import { t } from "./texts";

/** From an alert to its case: a new one, or one that is open. */
export function ToIncident({ alert }: { alert: Alert }) {
  const { may } = usePlace();
  const navigate = useNavigate();
  const { busy, error, run } = useAct();
  const open = useLoad(may("incidents:write") ? `open incidents ${alert.store_id}` : null, () => incidents(alert.store_id, ["open", "in-review"]));
  if (!may("incidents:write")) return null;
  const go = (id: string) => void navigate(`/incidents/${id}`);
  const begin = () => run(async () => go((await openIncident(alert.store_id, alert.kind, kindName(alert.kind), [alert.id])).id));
  const join = (id: string) => run(async () => joinAlert(id, alert.id).then(() => go(id)));
  return (
    <div className="actions">
      <button type="button" className="button button-small" disabled={busy} onClick={() => void begin()} data-testid="alert-incident">
        <FolderPlus size={14} aria-hidden="true" />{" "}{t("openAnIncident")}
      </button>
      {open.value && open.value.length > 0 && (
        <select aria-label={t("joinAnIncident")} value="" disabled={busy} onChange={(event) => void join(event.target.value)} data-testid="alert-join">
          <option value="">{t("joinAnIncident2")}</option>
          {open.value.slice(0, 50).map((each) => (
            <option key={each.id} value={each.id}>
              {each.title}
            </option>
          ))}
        </select>
      )}
      <Problem sentence={error} />
    </div>
  );
}
