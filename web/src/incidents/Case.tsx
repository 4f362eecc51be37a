import { FileDown, X } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { Link } from "react-router";
import { inOrder } from "../alerts/alertState";
import { useAlerts } from "../alerts/alerts";
import { usernames } from "../api/endpoints";
import { useCameras } from "../cameras/cameras";
import { Evidence } from "../evidence/Evidence";
import { saveAs } from "../parts/save";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { kindName } from "../text/kinds";
import { Facts } from "./Facts";
import { Path } from "./Path";
import { Walks } from "./Walks";
import { addNote, closeIncident, incident, joinAlert, moveIncident, nameStaff, partAlert, reportOf, unnameStaff, type CaseFile } from "./endpoints";
import { INCIDENT_STATE_WORDS } from "./words";
import { t } from "./texts";

/** One case whole: what happened, who works on it, what belongs to it, what came of it. */
export function Case({ id, changed, onChanged }: { id: string; changed: number; onChanged: () => void }) {
  const { may } = usePlace();
  const loaded = useLoad(`case ${id}`, () => incident(id));
  const { reload } = loaded;
  const act = useAct();
  useEffect(() => void (changed && reload()), [changed, reload]);
  if (loaded.value === null) return <aside className="case">{loaded.error && <Failure sentence={loaded.error} retry={reload} />}</aside>;
  const file = loaded.value;
  const run = (work: () => Promise<unknown>) =>
    void act.run(async () => {
      await work();
      reload();
      onChanged();
    });
  const mayWrite = may("incidents:write");
  const writable = mayWrite && file.incident.state !== "closed";
  return (
    <aside className="case" aria-label={t("incident")} data-testid="case">
      <header>
        <h2>{file.incident.title}</h2>
        <span className="incident-state" data-state={file.incident.state} data-testid="case-state">
          {INCIDENT_STATE_WORDS[file.incident.state]}
        </span>
        <Link to="/incidents" replace className="icon-button" aria-label={t("closeTheView")} title={t("closeTheView")}>
          <X size={18} />
        </Link>
      </header>
      <Problem sentence={act.error} />
      <div className="form-actions">
        {writable && file.incident.state === "open" && (
          <button type="button" className="button" disabled={act.busy} onClick={() => run(() => moveIncident(id, "review"))}>
            {t("takeIntoReview")}
          </button>
        )}
        {mayWrite && file.incident.state === "closed" && (
          <button type="button" className="button" disabled={act.busy} onClick={() => run(() => moveIncident(id, "reopen"))}>
            {t("reopen")}
          </button>
        )}
        <button type="button" className="button" disabled={act.busy} onClick={() => void act.run(() => save(id))} data-testid="case-report">
          <FileDown size={16} aria-hidden="true" />
          {t("reportAsPdf")}
        </button>
      </div>
      <Facts key={file.incident.revision} incident={file.incident} writable={writable} busy={act.busy} run={run} />
      <Alerts file={file} writable={writable} run={run} />
      <Path key={id} file={file} />
      <Walks key={`walks ${id}`} file={file} />
      <Evidence incidentId={id} />
      <Staff file={file} writable={writable} run={run} />
      <Timeline file={file} />
      {mayWrite && <Note run={run} id={id} busy={act.busy} />}
      {writable && <Conclude run={run} id={id} busy={act.busy} />}
    </aside>
  );
}

interface Part {
  file: CaseFile;
  writable: boolean;
  run: (work: () => Promise<unknown>) => void;
}

function Alerts({ file, writable, run }: Part) {
  const { state } = useAlerts();
  const { named } = useCameras();
  const now = useNow(30_000);
  const { id, store_id } = file.incident;
  const joined = new Set(file.alerts.map((each) => each.id));
  const others = inOrder(state.byId.values()).filter((each) => each.store_id === store_id && !joined.has(each.id)).slice(0, 50);
  return (
    <section aria-label={t("alerts")}>
      <h3>{t("alerts")}</h3>
      <ul className="case-list">
        {file.alerts.length === 0 && <li className="quiet">{t("noneJoined")}</li>}
        {file.alerts.map((alert) => (
          <li key={alert.id} data-testid="case-alert">
            <Link to={`/alerts/${alert.id}`}>
              {kindName(alert.kind)}, {named(alert.camera_id)}, {clock(alert.started_at, now)}
            </Link>
            {writable && (
              <button type="button" className="icon-button" aria-label={t("takeThisAlertOut")} title={t("takeOut")} onClick={() => run(() => partAlert(id, alert.id))}>
                <X size={14} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {writable && others.length > 0 && (
        <select aria-label={t("joinAnAlert")} value="" onChange={(event) => run(() => joinAlert(id, event.target.value))} data-testid="case-join">
          <option value="">{t("joinAnAlert2")}</option>
          {others.map((alert) => (
            <option key={alert.id} value={alert.id}>
              {kindName(alert.kind)}, {named(alert.camera_id)}, {clock(alert.raised_at, now)}
            </option>
          ))}
        </select>
      )}
    </section>
  );
}

function Staff({ file, writable, run }: Part) {
  const { may, me } = usePlace();
  const { id, staff } = file.incident;
  const known = useLoad(writable && may("users:read") ? "usernames" : null, usernames);
  const people = known.value?.filter((each) => !each.disabled) ?? [{ id: me.id, username: me.username, disabled: false }];
  return (
    <section aria-label={t("staff")}>
      <h3>{t("staff")}</h3>
      <ul className="case-list">
        {staff.length === 0 && <li className="quiet">{t("nobodyNamed")}</li>}
        {staff.map((userId) => (
          <li key={userId}>
            {people.find((each) => each.id === userId)?.username ?? (staff.length === 1 ? file.staff_names[0] : t("aColleague"))}
            {writable && (
              <button type="button" className="icon-button" aria-label={t("takeThisNameOut")} title={t("takeOut")} onClick={() => run(() => unnameStaff(id, userId))}>
                <X size={14} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {writable && (
        <select aria-label={t("nameStaff")} value="" onChange={(event) => run(() => nameStaff(id, event.target.value))}>
          <option value="">{t("nameSomebody")}</option>
          {people
            .filter((each) => !staff.includes(each.id))
            .map((each) => (
              <option key={each.id} value={each.id}>
                {each.username}
              </option>
            ))}
        </select>
      )}
    </section>
  );
}

function Timeline({ file }: { file: CaseFile }) {
  const now = useNow(30_000);
  return (
    <section aria-label={t("timeline")}>
      <h3>{t("timeline")}</h3>
      <ol className="timeline" data-testid="timeline">
        {file.timeline.map((item, index) => (
          <li key={index} data-camera={item.by === ""}>
            <time dateTime={item.at}>{clock(item.at, now)}</time>
            <span>
              {item.text}
              {item.by && <small> {item.by}</small>}
              {item.note && <q>{item.note}</q>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Note({ id, run, busy }: { id: string; run: Part["run"]; busy: boolean }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(async () => {
      await addNote(id, text.trim());
      setText("");
    });
  };
  return (
    <form className="case-note" onSubmit={submit}>
      <label className="field">
        <span>{t("noteAboutActs")}</span>
        <textarea value={text} maxLength={5000} rows={2} onChange={(event) => setText(event.target.value)} data-testid="case-note" />
      </label>
      <button type="submit" className="button" disabled={busy || !text.trim()} data-testid="case-note-add">
        {t("addNote")}
      </button>
    </form>
  );
}

function Conclude({ id, run, busy }: { id: string; run: Part["run"]; busy: boolean }) {
  const [text, setText] = useState("");
  return (
    <form className="case-note" onSubmit={(event) => (event.preventDefault(), run(() => closeIncident(id, text.trim())))}>
      <label className="field">
        <span>{t("whatCameOfIt")}</span>
        <textarea value={text} maxLength={5000} rows={2} onChange={(event) => setText(event.target.value)} data-testid="case-conclusion" />
      </label>
      <button type="submit" className="button button-primary" disabled={busy || !text.trim()} data-testid="case-close">
        {t("closeTheIncident")}
      </button>
    </form>
  );
}

async function save(id: string): Promise<void> {
  saveAs(await reportOf(id), `incident-${id}.pdf`);
}
