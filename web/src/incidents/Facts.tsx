import { useState, type FormEvent } from "react";
import { useNow } from "../shell/hooks";
import { clock } from "../text/format";
import { kindName } from "../text/kinds";
import { changeIncident, type Incident } from "./endpoints";
import { t } from "./texts";

interface Props {
  incident: Incident;
  writable: boolean;
  busy: boolean;
  run: (work: () => Promise<unknown>) => void;
}

/** Description, loss and the police's reference; figures to change while the case is open. */
export function Facts({ incident, writable, busy, run }: Props) {
  const now = useNow(30_000);
  const [editing, setEditing] = useState(false);
  if (editing) return <Edit incident={incident} busy={busy} run={run} done={() => setEditing(false)} />;
  return (
    <section aria-label={t("facts")}>
      {incident.description && <p className="case-words">{incident.description}</p>}
      <dl className="facts">
        <dt>{t("act")}</dt>
        <dd>{kindName(incident.kind)}</dd>
        <dt>{t("opened")}</dt>
        <dd>
          {t("by", { openedAt: clock(incident.opened_at, now) })}{" "}{incident.opened_by?.username ?? t("theRule", { openedByRule: kindName(incident.opened_by_rule ?? "") })}
        </dd>
        <dt>{t("loss")}</dt>
        <dd>{incident.loss_value === null ? "–" : `${incident.loss_value} ${incident.loss_currency ?? ""}`}</dd>
        <dt>{t("policeReference")}</dt>
        <dd>{incident.police_reference ?? "–"}</dd>
        {incident.conclusion && (
          <>
            <dt>{t("conclusion")}</dt>
            <dd>{incident.conclusion}</dd>
          </>
        )}
      </dl>
      {writable && (
        <button type="button" className="button button-small" onClick={() => setEditing(true)} data-testid="case-edit">
          {t("change")}
        </button>
      )}
    </section>
  );
}

function Edit({ incident, busy, run, done }: Omit<Props, "writable"> & { done: () => void }) {
  const [title, setTitle] = useState(incident.title);
  const [description, setDescription] = useState(incident.description);
  const [loss, setLoss] = useState(incident.loss_value ?? "");
  const [currency, setCurrency] = useState(incident.loss_currency ?? "EUR");
  const [reference, setReference] = useState(incident.police_reference ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const money = loss === "" ? { loss_value: null, loss_currency: null } : { loss_value: String(loss), loss_currency: currency };
    run(() => changeIncident(incident.id, { title: title.trim(), description, ...money, police_reference: reference.trim() || null }));
  };
  return (
    <form className="case-edit" onSubmit={submit} aria-label={t("facts")}>
      <label className="field wide">
        <span>{t("title")}</span>
        <input value={title} maxLength={200} required onChange={(event) => setTitle(event.target.value)} />
      </label>
      <label className="field wide">
        <span>{t("whatHappenedAboutActsOnly")}</span>
        <textarea value={description} maxLength={5000} rows={3} onChange={(event) => setDescription(event.target.value)} />
      </label>
      <label className="field">
        <span>{t("loss")}</span>
        <input type="number" min={0} step="0.01" value={loss} onChange={(event) => setLoss(event.target.value)} data-testid="case-loss" />
      </label>
      <label className="field">
        <span>{t("currency")}</span>
        <input value={currency} pattern="[A-Z]{3}" title={t("threeCapitalLettersLikeEur")} onChange={(event) => setCurrency(event.target.value.toUpperCase())} />
      </label>
      <label className="field wide">
        <span>{t("policeReference")}</span>
        <input value={reference} maxLength={100} onChange={(event) => setReference(event.target.value)} data-testid="case-police" />
      </label>
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy} data-testid="case-save">
          {t("save")}
        </button>
        <button type="button" className="button button-quiet" onClick={done}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
