import { useState, type FormEvent } from "react";
import { OpenRows, type OpenRow } from "../parts/OpenRows";
import { Problem, useAct } from "../security/parts";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { momentOf } from "../text/zone";
import { addRequest, requests, type DataRequest, type RequestKind } from "./endpoints";
import { RequestPanel } from "./RequestPanel";
import { due, KIND_WORDS } from "./words";
import { t } from "./texts";

/** What people ask about what is held of them, until when they must hear, and what was done. */
export function DataRequestsPage() {
  useTitle(t("dataRequests"));
  const { may } = usePlace();
  const { value, error, reload } = useLoad("data-requests", requests);
  const now = useNow(60_000);
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>{t("dataRequests")}</h1>
          <p className="page-note">{t("peopleMayAskWhatIsHeld")}</p>
        </div>
      </header>
      {error && <Failure sentence={error} retry={reload} />}
      {may("data-requests:write") && <Record changed={reload} />}
      {value?.length === 0 && <Empty title={t("nobodyHasAsked")} />}
      <OpenRows testId="data-requests" rowTestId="data-request" rows={(value ?? []).map((each) => row(each, now, reload))} />
    </div>
  );
}

const row = (one: DataRequest, now: number, changed: () => void): OpenRow => ({
  id: one.id,
  title: KIND_WORDS[one.kind],
  due: due(one, now),
  note: t("cameIn", { receivedAt: clock(one.received_at, now), identityChecked: one.identity_checked }),
  file: () => <RequestPanel key={`${one.id} ${one.state}`} id={one.id} changed={changed} />,
});

function Record({ changed }: { changed: () => void }) {
  const { store } = usePlace();
  const [kind, setKind] = useState<RequestKind>("access");
  const [checked, setChecked] = useState("");
  const [contact, setContact] = useState("");
  const [visit, setVisit] = useState({ named: false, from: "", to: "" });
  const { busy, error, run } = useAct();
  const times = visit.named ? { store_id: store.id, seen_from: iso(visit.from), seen_to: iso(visit.to) } : { store_id: null, seen_from: null, seen_to: null };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await addRequest({ kind, identity_checked: checked.trim(), contact: contact.trim(), ...times });
      setChecked("");
      setContact("");
      setVisit({ named: false, from: "", to: "" });
      changed();
    });
  };
  return (
    <form className="panel stack" onSubmit={submit} aria-label={t("recordARequest")}>
      <h2>{t("recordARequest")}</h2>
      <div className="channel-fields">
        <label className="field">
          <span>{t("theyAskFor")}</span>
          <select value={kind} data-testid="request-kind" onChange={(event) => setKind(event.target.value as RequestKind)}>
            <option value="access">{t("accessWhatIsHeld")}</option>
            <option value="erasure">{t("erasure")}</option>
          </select>
        </label>
        <label className="field channel-address">
          <span>{t("howYouMadeSureWhoThey")}</span>
          <input value={checked} required maxLength={500} placeholder={t("identityCardSeenAtTheDesk")} data-testid="request-checked" onChange={(event) => setChecked(event.target.value)} />
        </label>
        <label className="field channel-address">
          <span>{t("whoAsksAndHowToAnswer")}</span>
          <input value={contact} maxLength={500} autoComplete="off" data-testid="request-contact" onChange={(event) => setContact(event.target.value)} />
        </label>
      </div>
      <label className="choice">
        <input type="checkbox" checked={visit.named} onChange={(event) => setVisit({ ...visit, named: event.target.checked })} />
        <span>{t("theyNameAVisitToIts", { name: store.name })}</span>
      </label>
      {visit.named && (
        <div className="channel-fields">
          <label className="field">
            <span>{t("from2")}</span>
            <input type="datetime-local" required value={visit.from} onChange={(event) => setVisit({ ...visit, from: event.target.value })} />
          </label>
          <label className="field">
            <span>{t("untilWithinADay")}</span>
            <input type="datetime-local" required value={visit.to} onChange={(event) => setVisit({ ...visit, to: event.target.value })} />
          </label>
        </div>
      )}
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !checked.trim() || (visit.named && (!visit.from || !visit.to))} data-testid="request-record">
          {t("recordIt")}
        </button>
      </div>
    </form>
  );
}

const iso = (local: string) => (local ? momentOf(local) : null);
