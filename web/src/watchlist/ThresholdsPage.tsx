import { useState } from "react";
import { sentenceFor } from "../api/problem";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ofThousand, perDay, sourceName, upwards } from "./words";
import { decideThreshold, proposeThreshold, thresholds, watchlists } from "./endpoints";
import { t } from "./texts";

/** What every list has of a model that nobody measured and nobody wrote about. */
const STRICTEST = 0.99;

/** What was measured, what this store raised, and what is proposed. A threshold only rises, by two people. */
export function ThresholdsPage() {
  const { me, store, may } = usePlace();
  useTitle(t("matchThresholds"));
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
  const nameOf = (id: string | null) => (id === null ? t("allListsOfThisStore") : (lists.find((each) => each.id === id)?.name ?? t("anotherList")));
  return (
    <div className="page page-training page-thresholds">
      <header className="page-head">
        <h1>{t("matchThresholds")}</h1>
      </header>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <section className="panel" aria-label={t("measured")}>
        <h2>{t("measured")}</h2>
        <p data-testid="threshold-measured">
          {known.measured === null && known.lowest >= STRICTEST
            ? t("nothingIsPublishedOfIt", { model: known.model, modelVersion: known.model_version })
            : known.measured === null
            ? t("nobodyMeasuredYetEachListHas", { model: known.model, modelVersion: known.model_version, value: Math.round(1 / known.wanted_fpir) })
            : t("forAListOfOneEach", { model: known.model, modelVersion: known.model_version, value: known.measured.toFixed(4), value2: Math.round(1 / known.wanted_fpir) })}
        </p>
        <p className="quiet" data-testid="threshold-footfall">
          {known.searches_a_day === null
            ? t("noStrangerWasCountedHereYet")
            : t("strangersADayAreComparedWith", { searchesADay: Math.round(known.searches_a_day) })}{" "}
          {known.strangers < known.strangers_needed && t("ofTheThatAMeasurementHere", { strangers: known.strangers, strangersNeeded: known.strangers_needed })}
        </p>
        <div className="wide-table">
          <table className="report">
          <thead>
            <tr>
              <th scope="col">{t("list")}</th>
              <th scope="col">{t("people")}</th>
              <th scope="col">{t("thresholdInUse")}</th>
              <th scope="col">{t("expectedFalseAlerts")}</th>
            </tr>
          </thead>
          <tbody>
            {known.lists.map((each) => (
              <tr key={each.watchlist_id} data-testid="threshold-list">
                <th scope="row">{each.name}</th>
                <td>{each.templates.toLocaleString()}</td>
                <td>
                  {each.threshold.toFixed(4)}
                  <small>{each.raised ? t("raisedByThisStore") : sourceName(each.source)}</small>
                </td>
                <td data-testid="threshold-expected">
                  {each.false_alerts_a_day === null ? ofThousand(each.false_alerts_of_1000) : perDay(each.false_alerts_a_day)}
                  {(each.false_alerts_a_day ?? each.false_alerts_of_1000) && <small>{each.source === "default" ? t("betweenPublishedFiguresForAndAgainst") : t("withIts95Interval")}</small>}
                </td>
              </tr>
            ))}
          </tbody>
          </table>
          {known.lists.length === 0 && <p className="quiet">{t("noListIsSearchedInThis")}</p>}
        </div>
      </section>
      <section className="panel" aria-label={t("raised")}>
        <h2>{t("raisedByThisStore2")}</h2>
        <ul className="tests">
          {known.local.map((each) => (
            <li key={`${each.watchlist_id}/${each.model_version}`} data-testid="threshold-local">
              <span>
                <strong>{each.threshold.toFixed(4)}</strong> {nameOf(each.watchlist_id)}
                <small>{t("inForce", { value: each.effective.toFixed(4) })}</small>
              </span>
            </li>
          ))}
          {known.proposals.map((each) => (
            <li key={each.id} className="entry-row" data-testid="threshold-proposal">
              <span>
                <strong>{each.threshold.toFixed(4)}</strong>{" "}{t("proposedFor", { watchlistId: nameOf(each.watchlist_id) })}
              </span>
              {may("watchlists:share") && each.proposed_by !== me.id && (
                <button type="button" className="button button-primary" onClick={() => void attempt(() => decideThreshold(store.id, each.id, "approve"))}>
                  {t("approve")}
                </button>
              )}
              {may("watchlists:share") && (
                <button type="button" className="button button-quiet" onClick={() => void attempt(() => decideThreshold(store.id, each.id, "reject"))}>
                  {each.proposed_by === me.id ? t("takeBack") : t("reject")}
                </button>
              )}
            </li>
          ))}
        </ul>
        {known.local.length === 0 && known.proposals.length === 0 && <p className="quiet">{t("nothingAThresholdCanOnlyBe")}</p>}
        {may("watchlists:write") && (
          <form className="test-form" onSubmit={(event) => (event.preventDefault(), void attempt(() => proposeThreshold(store.id, list || null, Number(wanted))))}>
            <label className="field">
              <span>{t("list")}</span>
              <select value={list} onChange={({ target }) => setList(target.value)}>
                <option value="">{t("allListsOfThisStore")}</option>
                {lists.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>{t("thresholdAtLeast", { lowest: upwards(known.lowest) })}</span>
              <input type="number" required min={known.lowest} max={1} step="any" value={wanted} onChange={({ target }) => setWanted(target.value)} data-testid="threshold-wanted" />
            </label>
            <div className="form-actions">
              <button type="submit" className="button" data-testid="threshold-propose">
                {t("propose")}
              </button>
            </div>
          </form>
        )}
      </section>
    </div>
  );
}
