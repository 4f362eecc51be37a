import { useState, type FormEvent } from "react";
import { CHAIN, heldAt } from "../administration/reach";
import { roles as loadRoles } from "../api/administration";
import { Tabs } from "../parts/Tabs";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { receipts as loadReceipts, rules as loadRules, setRule, type Receipt, type RetentionClass, type Rule, type Rules } from "./endpoints";
import { bytesOf, CLASS_WORDS, CLASSES, deletesMore, gigabytesOf, receiptKind, ruleFor, stays, weight } from "./words";
import { t } from "./texts";

/** How long recordings and stills stay, and what was deleted, when and why. */
export function RetentionPage() {
  useTitle(t("retention"));
  const [tab, setTab] = useState("rules");
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>{t("retention")}</h1>
          <p className="page-note">{t("howLongRecordingsAndStillsStay")}</p>
        </div>
      </header>
      <Tabs
        label={t("retention")}
        value={tab}
        choose={setTab}
        tabs={[
          { key: "rules", title: t("howLong"), content: <Classes /> },
          { key: "receipts", title: t("whatWasDeleted"), content: <Receipts /> },
        ]}
      />
    </div>
  );
}

function Classes() {
  const { me, stores } = usePlace();
  const { value, error, reload } = useLoad("retention", async () => {
    const [rules, roles] = await Promise.all([loadRules(), loadRoles()]);
    return { rules, roles };
  });
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  const everywhere = heldAt(me.memberships, value.roles, CHAIN, stores).has("retention:write");
  return (
    <ul className="rows" data-testid="retention-rules">
      {CLASSES.map((kind) => (
        <ClassRow key={kind} kind={kind} rules={value.rules} everywhere={everywhere} changed={reload} />
      ))}
    </ul>
  );
}

function ClassRow({ kind, rules, everywhere, changed }: { kind: RetentionClass; rules: Rules; everywhere: boolean; changed: () => void }) {
  const { store, may } = usePlace();
  const [editing, setEditing] = useState(false);
  const { rule, whose } = ruleFor(rules, kind, store.id);
  const [name, from] = CLASS_WORDS[kind];
  return (
    <li className="channel-row" data-testid={`retention-${kind}`}>
      <div>
        <strong>{name}</strong> <span>{stays(rule)}</span> <span className="tag">{{ store: t("ruleOf", { name: store.name }), chain: t("ruleOfTheChain"), default: t("default") }[whose]}</span>
        <small>{from}</small>
      </div>
      {may("retention:write") && (
        <button type="button" className="button button-small" aria-expanded={editing} data-testid={`retention-change-${kind}`} onClick={() => setEditing(!editing)}>
          {editing ? t("close") : t("change")}
        </button>
      )}
      {editing && (
        <Change
          kind={kind}
          rules={rules}
          everywhere={everywhere}
          done={() => {
            setEditing(false);
            changed();
          }}
        />
      )}
    </li>
  );
}

/** `everywhere`: whether this person may change what holds in every store. */
function Change({ kind, rules, everywhere, done }: { kind: RetentionClass; rules: Rules; everywhere: boolean; done: () => void }) {
  const { store } = usePlace();
  const [here, setHere] = useState(!everywhere || ruleFor(rules, kind, store.id).whose === "store");
  const before = (of: boolean) => ruleFor(rules, kind, of ? store.id : null).rule;
  const [days, setDays] = useState(String(before(here).days));
  const [most, setMost] = useState(gigabytes(before(here)));
  const [asked, setAsked] = useState(false);
  const { busy, error, run } = useAct();
  const choose = (store: boolean) => {
    setHere(store);
    setDays(String(before(store).days));
    setMost(gigabytes(before(store)));
  };
  // What nobody touched stays to the byte.
  const bytes = most === gigabytes(before(here)) ? before(here).most_bytes : most ? bytesOf(Number(most)) : null;
  const save = () => {
    setAsked(false);
    void run(() => setRule(kind, here ? store.id : null, Number(days), bytes).then(done));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (deletesMore(before(here), { days: Number(days), most_bytes: bytes })) setAsked(true);
    else save();
  };
  return (
    <form className="stack complaint-file" onSubmit={submit} aria-label={t("changeHowLong", { classWords: CLASS_WORDS[kind][0] })}>
      <div className="channel-fields">
        <label className="field">
          <span>{t("for")}</span>
          <select value={here ? "store" : "chain"} data-testid="retention-for" onChange={(event) => choose(event.target.value === "store")}>
            {everywhere && <option value="chain">{t("everyStore")}</option>}
            <option value="store">{store.name}</option>
          </select>
        </label>
        <label className="field">
          <span>{t("days")}</span>
          <input type="number" required min={1} max={3650} step={1} value={days} data-testid="retention-days" onChange={(event) => setDays(event.target.value)} />
        </label>
        <label className="field">
          <span>{t("atMostGbAStore2")}</span>
          <input type="number" min={0.01} max={1_000_000} step="any" placeholder={t("noLimit")} value={most} onChange={(event) => setMost(event.target.value)} />
        </label>
      </div>
      <p className="quiet">{t("aStoreSOwnRuleStands")}</p>
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !days} data-testid="retention-save">
          {t("save")}
        </button>
      </div>
      {asked && (
        <Confirm title={here ? t("deleteMoreIn", { name: store.name }) : t("deleteMoreInEveryStore")} act={t("save")} busy={busy} onAct={save} onCancel={() => setAsked(false)}>
          <p>
            {t("stayNowWhatIsOverThe", { classWords: CLASS_WORDS[kind][0], here: stays(before(here)) })}
            {!here && (" " + t("storesWithARuleOfTheir"))}
          </p>
        </Confirm>
      )}
    </form>
  );
}

const gigabytes = ({ most_bytes }: Rule) => (most_bytes === null ? "" : String(gigabytesOf(most_bytes)));

function Receipts() {
  const { value, error, reload } = useLoad("retention-receipts", loadReceipts);
  const now = useNow(60_000);
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  if (value.length === 0) return <Empty title={t("nothingWasDeletedYet")} />;
  return (
    <div className="stack">
      <p className="quiet">{t("theNewestReceiptsTheHashShows", { value: value.length === 100 ? "100 " : "" })}</p>
      <div className="deliveries">
        <table className="data-table" data-testid="retention-receipts">
          <thead>
            <tr>
              <th>{t("when")}</th>
              <th>{t("what")}</th>
              <th>{t("store")}</th>
              <th>{t("why")}</th>
              <th>{t("size")}</th>
              <th>SHA-256</th>
            </tr>
          </thead>
          <tbody>
            {value.map((each) => (
              <Deleted key={each.id} receipt={each} now={now} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Deleted({ receipt, now }: { receipt: Receipt; now: number }) {
  const { stores } = usePlace();
  return (
    <tr>
      <td>{clock(receipt.deleted_at, now)}</td>
      <td>{receiptKind(receipt.kind)}</td>
      <td>{stores.find(({ id }) => id === receipt.store_id)?.name ?? "–"}</td>
      <td>{receipt.reason}</td>
      <td>{receipt.size === null ? "–" : weight(receipt.size)}</td>
      <td title={receipt.sha256 ?? receipt.s3_key}>{receipt.sha256 ? <code>{receipt.sha256.slice(0, 12)}…</code> : "–"}</td>
    </tr>
  );
}
