import { useState } from "react";
import { useCameras } from "../cameras/cameras";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { falseMatches, type FalseMatches as Report } from "../watchlist/endpoints";
import { wilson } from "../watchlist/words";
import { days as inDays } from "../text/format";
import { t } from "./texts";

type Line = Report["lines"][number];
const SPANS = [7, 28, 91];
const SUBJECTS: Readonly<Record<Line["subject"], string>> = { get store() { return t("theWholeStore"); }, get camera() { return t("camera"); }, get entry() { return t("entry"); } };

/** How often leads were somebody else, for the store, each camera and each entry. `state`: of the leads; with another one it is asked again. */
export function FalseMatches({ entryNames, state }: { entryNames: ReadonlyMap<string, string>; state: string }) {
  const { store } = usePlace();
  const { named } = useCameras();
  const [days, setDays] = useState(7);
  const loaded = useLoad(`false-matches/${store.id}/${days}/${state}`, () => falseMatches(store.id, days));
  const nameOf = (line: Line) => (line.subject === "camera" ? named(line.id) : line.subject === "entry" ? (entryNames.get(line.id) ?? t("anEntryOfAnotherList")) : store.name);
  const lines = loaded.value?.lines ?? [];
  return (
    <section className="panel" aria-label={t("falseMatches")} data-testid="false-matches">
      <div className="panel-line">
        <h2>{t("howOftenLeadsWereSomebodyElse")}</h2>
        <select aria-label={t("time")} value={days} onChange={({ target }) => setDays(Number(target.value))}>
          {SPANS.map((value) => (
            <option key={value} value={value}>
              {t("lastDays", { days: inDays(value) })}
            </option>
          ))}
        </select>
      </div>
      {loaded.error && <Failure sentence={loaded.error} retry={loaded.reload} />}
      {loaded.value && lines.length === 0 && <p className="quiet">{t("thereWasNoLeadInThis")}</p>}
      {lines.length > 0 && (
        <div className="wide-table">
          <table className="report">
            <thead>
              <tr>
                <th scope="col">{t("of")}</th>
                <th scope="col">{t("leads")}</th>
                <th scope="col">{t("theSamePerson")}</th>
                <th scope="col">{t("somebodyElse")}</th>
                <th scope="col">{t("cannotTell")}</th>
                <th scope="col">{t("waiting")}</th>
                <th scope="col">{t("shareThatWasSomebodyElse")}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={`${line.subject} ${line.id}`} data-testid="false-match-line" data-subject={line.subject}>
                  <th scope="row">
                    {nameOf(line)}
                    <small>{SUBJECTS[line.subject]}</small>
                  </th>
                  <td>{line.leads}</td>
                  <td>{line.confirmed}</td>
                  <td>{line.false_matches}</td>
                  <td>{line.undecided}</td>
                  <td>{line.waiting}</td>
                  <td>{share(line)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** "2 of 10 (6 % to 51 %)": the interval says how little few leads mean. */
function share({ confirmed, false_matches }: Line): string {
  const found = wilson(false_matches, confirmed + false_matches);
  if (found === null) return t("nothingDecided");
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  return t("to", { share: percent(found.share), low: percent(found.low), high: percent(found.high) });
}
