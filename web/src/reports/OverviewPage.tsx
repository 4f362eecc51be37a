import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Cell } from "../parts/csv";
import { Answer } from "../parts/Query";
import { SaveCsv } from "../parts/SaveCsv";
import { useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ago } from "../text/format";
import { storeStates, type StoreState } from "./endpoints";
import { t } from "./texts";
import { byNeed } from "./urgency";

const LOOK_AGAIN_MS = 10_000;

/** Every store in one list, with what needs somebody first. */
export function OverviewPage() {
  useTitle(t("overview"));
  const [wanted, setWanted] = useState("");
  const answer = useQuery({ queryKey: ["store-states"], queryFn: storeStates, refetchInterval: LOOK_AGAIN_MS });
  return (
    <div className="page page-reports">
      <header className="page-head">
        <div>
          <h1>{t("overview")}</h1>
          <p className="page-note">{t("overviewWhat")}</p>
        </div>
        <div className="head-tools">
          {answer.data && <SaveCsv name={t("overview")} rows={() => sheet(answer.data)} testId="overview-csv" />}
          <input type="search" aria-label={t("findStore")} placeholder={t("findStore")} value={wanted} onChange={(event) => setWanted(event.target.value)} />
        </div>
      </header>
      <Answer of={answer}>{(states) => <States states={byNeed(states).filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()))} />}</Answer>
    </div>
  );
}

const sheet = (states: readonly StoreState[]): Cell[][] => [
  [t("store"), t("openAlerts"), t("high"), t("waitsLongest"), t("camerasLive"), t("cameras")],
  ...byNeed(states).map(({ name, open, high, waiting_since, live, cameras }) => [name, open, high, waiting_since, live, cameras]),
];

function States({ states }: { states: StoreState[] }) {
  const now = useNow(5_000);
  if (states.length === 0) return <p className="page-note">{t("noStoreOfThisName")}</p>;
  return (
    <div className="panel table-scroll" tabIndex={0} role="group" aria-label={t("overview")}>
      <table className="report" data-testid="overview">
        <thead>
          <tr>
            <th scope="col">{t("store")}</th>
            <th scope="col">{t("openAlerts")}</th>
            <th scope="col">{t("waitsLongest")}</th>
            <th scope="col">{t("camerasLive")}</th>
            <th scope="col">
              <span className="visually-hidden">{t("goThere")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {states.map((state) => (
            <Line key={state.store_id} state={state} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ state, now }: { state: StoreState; now: number }) {
  const { choose } = usePlace();
  const navigate = useNavigate();
  const go = () => {
    choose(state.store_id);
    void navigate(state.open > 0 ? "/alerts" : "/live");
  };
  return (
    <tr data-testid="overview-store">
      <th scope="row">{state.name}</th>
      <td>
        {state.open}
        {state.high > 0 && <strong className="tag" data-state="bad">{t("ofHigh", { high: state.high })}</strong>}
      </td>
      <td>{state.waiting_since ? ago(state.waiting_since, now) : "–"}</td>
      <td>
        <span className="state" data-state={state.live === state.cameras ? "live" : "frozen"}>
          <span className="dot" aria-hidden="true" />
          {t("liveOf", { live: state.live, cameras: state.cameras })}
        </span>
      </td>
      <td>
        <button type="button" className="button button-small" onClick={go}>
          {t("goThere")}
          <span className="visually-hidden">: {state.name}</span>
        </button>
      </td>
    </tr>
  );
}
