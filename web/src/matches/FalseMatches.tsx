import { useState } from "react";
import { useCameras } from "../cameras/cameras";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { falseMatches, type FalseMatches as Report } from "../watchlist/endpoints";
import { wilson } from "../watchlist/words";

type Line = Report["lines"][number];
const SPANS: readonly [number, string][] = [[7, "Last 7 days"], [28, "Last 4 weeks"], [91, "Last 13 weeks"]];
const SUBJECTS: Readonly<Record<Line["subject"], string>> = { store: "The whole store", camera: "Camera", entry: "Entry" };

/** How often leads were somebody else, for the store, each camera and each entry. */
export function FalseMatches({ entryNames }: { entryNames: ReadonlyMap<string, string> }) {
  const { store } = usePlace();
  const { named } = useCameras();
  const [days, setDays] = useState(7);
  const loaded = useLoad(`false-matches/${store.id}/${days}`, () => falseMatches(store.id, days));
  const nameOf = (line: Line) => (line.subject === "camera" ? named(line.id) : line.subject === "entry" ? (entryNames.get(line.id) ?? "An entry of another list") : store.name);
  const lines = loaded.value?.lines ?? [];
  return (
    <section className="panel" aria-label="False matches" data-testid="false-matches">
      <div className="panel-line">
        <h2>How often leads were somebody else</h2>
        <select aria-label="Time" value={days} onChange={({ target }) => setDays(Number(target.value))}>
          {SPANS.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      </div>
      {loaded.error && <Failure sentence={loaded.error} retry={loaded.reload} />}
      {loaded.value && lines.length === 0 && <p className="quiet">There was no lead in this time.</p>}
      {lines.length > 0 && (
        <div className="wide-table">
          <table className="report">
            <thead>
              <tr>
                <th scope="col">Of</th>
                <th scope="col">Leads</th>
                <th scope="col">The same person</th>
                <th scope="col">Somebody else</th>
                <th scope="col">Cannot tell</th>
                <th scope="col">Waiting</th>
                <th scope="col">Share that was somebody else</th>
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
  if (found === null) return "nothing decided";
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  return `${percent(found.share)} (${percent(found.low)} to ${percent(found.high)})`;
}
