import { useState } from "react";
import { sentenceFor } from "../api/problem";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ofThousand, perDay, sourceName, upwards } from "./words";
import { decideThreshold, proposeThreshold, thresholds, watchlists } from "./endpoints";

/** What was measured, what this store raised, and what is proposed. A threshold only rises, by two people. */
export function ThresholdsPage() {
  const { me, store, may } = usePlace();
  useTitle("Match thresholds");
  const loaded = useLoad(`thresholds/${store.id}`, async () => {
    const [known, lists] = await Promise.all([thresholds(store.id), watchlists(store.id)]);
    return { known, lists };
  });
  const [error, setError] = useState<string | null>(null);
  const [list, setList] = useState("");
  const [wanted, setWanted] = useState("");
  const attempt = async (work: () => Promise<unknown>) => {
    setError(null);
    try {
      await work();
      loaded.reload();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
  };
  if (!loaded.value) return loaded.error ? <Failure sentence={loaded.error} retry={loaded.reload} /> : null;
  const { known, lists } = loaded.value;
  const nameOf = (id: string | null) => (id === null ? "All lists of this store" : (lists.find((each) => each.id === id)?.name ?? "Another list"));
  return (
    <div className="page page-training page-thresholds">
      <header className="page-head">
        <h1>Match thresholds</h1>
      </header>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <section className="panel" aria-label="Measured">
        <h2>Measured</h2>
        <p data-testid="threshold-measured">
          {known.measured === null
            ? `Nobody measured ${known.model} ${known.model_version} yet. Each list has the threshold at which published figures, read against the model, allow one false lead in ${Math.round(1 / known.wanted_fpir).toLocaleString()} searches of strangers, but never more than 0.99: lists of more than 512 people reach that and have more false leads, as the table says. It misses people rather than accuses them.`
            : `${known.model} ${known.model_version}: ${known.measured.toFixed(4)} for a list of one. Each list has its own, so that one search in ${Math.round(1 / known.wanted_fpir).toLocaleString()} of a stranger gives a false lead.`}
        </p>
        <p className="quiet" data-testid="threshold-footfall">
          {known.searches_a_day === null
            ? "No stranger was counted here yet."
            : `${Math.round(known.searches_a_day).toLocaleString()} strangers a day are compared with the lists; nothing of them is kept but how many scored how high.`}{" "}
          {known.strangers < known.strangers_needed && `${known.strangers.toLocaleString()} of the ${known.strangers_needed.toLocaleString()} that a measurement here needs.`}
        </p>
        <div className="wide-table">
          <table className="report">
          <thead>
            <tr>
              <th scope="col">List</th>
              <th scope="col">People</th>
              <th scope="col">Threshold in use</th>
              <th scope="col">Expected false alerts</th>
            </tr>
          </thead>
          <tbody>
            {known.lists.map((each) => (
              <tr key={each.watchlist_id} data-testid="threshold-list">
                <th scope="row">{each.name}</th>
                <td>{each.templates.toLocaleString()}</td>
                <td>
                  {each.threshold.toFixed(4)}
                  <small>{each.raised ? "raised by this store" : sourceName(each.source)}</small>
                </td>
                <td data-testid="threshold-expected">
                  {each.false_alerts_a_day === null ? ofThousand(each.false_alerts_of_1000) : perDay(each.false_alerts_a_day)}
                  {(each.false_alerts_a_day ?? each.false_alerts_of_1000) && <small>{each.source === "default" ? "between published figures for and against the model, not measured here" : "with its 95 % interval"}</small>}
                </td>
              </tr>
            ))}
          </tbody>
          </table>
          {known.lists.length === 0 && <p className="quiet">No list is searched in this store.</p>}
        </div>
      </section>
      <section className="panel" aria-label="Raised">
        <h2>Raised by this store</h2>
        <ul className="tests">
          {known.local.map((each) => (
            <li key={`${each.watchlist_id}/${each.model_version}`} data-testid="threshold-local">
              <span>
                <strong>{each.threshold.toFixed(4)}</strong> {nameOf(each.watchlist_id)}
                <small>In force: {each.effective.toFixed(4)}</small>
              </span>
            </li>
          ))}
          {known.proposals.map((each) => (
            <li key={each.id} data-testid="threshold-proposal">
              <span>
                <strong>{each.threshold.toFixed(4)}</strong> proposed for {nameOf(each.watchlist_id)}
              </span>
              {may("watchlists:share") && each.proposed_by !== me.id && (
                <button type="button" className="button button-primary" onClick={() => void attempt(() => decideThreshold(store.id, each.id, "approve"))}>
                  Approve
                </button>
              )}
              {may("watchlists:share") && (
                <button type="button" className="button button-quiet" onClick={() => void attempt(() => decideThreshold(store.id, each.id, "reject"))}>
                  {each.proposed_by === me.id ? "Take back" : "Reject"}
                </button>
              )}
            </li>
          ))}
        </ul>
        {known.local.length === 0 && known.proposals.length === 0 && <p className="quiet">Nothing. A threshold can only be raised, by two people: fewer false leads, more people missed.</p>}
        {may("watchlists:write") && (
          <form className="test-form" onSubmit={(event) => (event.preventDefault(), void attempt(() => proposeThreshold(store.id, list || null, Number(wanted))))}>
            <label className="field">
              <span>List</span>
              <select value={list} onChange={({ target }) => setList(target.value)}>
                <option value="">All lists of this store</option>
                {lists.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>Threshold, at least {upwards(known.lowest)}</span>
              <input type="number" required min={known.lowest} max={1} step="any" value={wanted} onChange={({ target }) => setWanted(target.value)} data-testid="threshold-wanted" />
            </label>
            <div className="form-actions">
              <button type="submit" className="button" data-testid="threshold-propose">
                Propose
              </button>
            </div>
          </form>
        )}
      </section>
    </div>
  );
}
