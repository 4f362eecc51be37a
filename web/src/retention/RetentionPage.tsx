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

/** How long recordings and stills stay, and what was deleted, when and why. */
export function RetentionPage() {
  useTitle("Retention");
  const [tab, setTab] = useState("rules");
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>Retention</h1>
          <p className="page-note">How long recordings and stills stay. What is on legal hold, or belongs to an incident, a complaint or a data request that is open, stays until that is over.</p>
        </div>
      </header>
      <Tabs
        label="Retention"
        value={tab}
        choose={setTab}
        tabs={[
          { key: "rules", title: "How long", content: <Classes /> },
          { key: "receipts", title: "What was deleted", content: <Receipts /> },
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
        <strong>{name}</strong> <span>{stays(rule)}</span> <span className="tag">{{ store: `rule of ${store.name}`, chain: "rule of the chain", default: "default" }[whose]}</span>
        <small>{from}</small>
      </div>
      {may("retention:write") && (
        <button type="button" className="button button-small" aria-expanded={editing} data-testid={`retention-change-${kind}`} onClick={() => setEditing(!editing)}>
          {editing ? "Close" : "Change"}
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
    <form className="stack complaint-file" onSubmit={submit} aria-label={`Change how long: ${CLASS_WORDS[kind][0]}`}>
      <div className="channel-fields">
        <label className="field">
          <span>For</span>
          <select value={here ? "store" : "chain"} data-testid="retention-for" onChange={(event) => choose(event.target.value === "store")}>
            {everywhere && <option value="chain">Every store</option>}
            <option value="store">{store.name}</option>
          </select>
        </label>
        <label className="field">
          <span>Days</span>
          <input type="number" required min={1} max={3650} step={1} value={days} data-testid="retention-days" onChange={(event) => setDays(event.target.value)} />
        </label>
        <label className="field">
          <span>At most, GB a store</span>
          <input type="number" min={0.01} max={1_000_000} step="any" placeholder="no limit" value={most} onChange={(event) => setMost(event.target.value)} />
        </label>
      </div>
      <p className="quiet">A store's own rule stands before that of every store. What is older is deleted within the hour and cannot be brought back; where a store holds more, its oldest go first.</p>
      <Problem sentence={error} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !days} data-testid="retention-save">
          Save
        </button>
      </div>
      {asked && (
        <Confirm title={here ? `Delete more in ${store.name}?` : "Delete more in every store?"} act="Save" busy={busy} onAct={save} onCancel={() => setAsked(false)}>
          <p>
            {CLASS_WORDS[kind][0]} stay {stays(before(here))} now. What is over the new bound is deleted within the hour and cannot be brought back.
            {!here && " Stores with a rule of their own keep theirs."}
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
  if (value.length === 0) return <Empty title="Nothing was deleted yet" />;
  return (
    <div className="stack">
      <p className="quiet">The newest {value.length === 100 ? "100 " : ""}receipts. The hash shows which bytes are gone; it matches what custody says of the piece.</p>
      <div className="deliveries">
        <table className="data-table" data-testid="retention-receipts">
          <thead>
            <tr>
              <th>When</th>
              <th>What</th>
              <th>Store</th>
              <th>Why</th>
              <th>Size</th>
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
