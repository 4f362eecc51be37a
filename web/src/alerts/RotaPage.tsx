import { Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { addRotaEntry, removeRotaEntry, rota, usernames } from "../api/endpoints";
import type { EscalationLevel, RotaEntry, Threat } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { LEVEL_WORDS, THREAT_WORDS, weekday } from "../text/format";
import { t } from "./texts";

const LEVELS: readonly EscalationLevel[] = ["store", "area", "operations-centre"];
const DAYS = [1, 2, 3, 4, 5, 6, 7];
const AFTER: readonly [number, string][] = [[60, "1 min"], [180, "3 min"], [600, "10 min"], [1800, "30 min"]];

/** Who is on duty when; whoever does not react hands the alert to the next level. */
export function RotaPage() {
  useTitle(t("rota"));
  const { store, may } = usePlace();
  const { value, error, reload } = useLoad(`rota-${store.id}`, async () => {
    const [entries, people] = await Promise.all([rota(store.id), may("users:read") ? usernames() : []]);
    return { entries, people: people.filter((each) => !each.disabled) };
  });
  if (value === null) return <div className="page">{error && <Failure sentence={error} retry={reload} />}</div>;
  return (
    <div className="page page-rota">
      <header className="page-head">
        <div>
          <h1>{t("rota")}</h1>
          <p className="page-note">{t("anAlertThatNobodyTakesGoes")}</p>
        </div>
      </header>
      <div className="rota-levels">
        {LEVELS.map((level) => (
          <section key={level} className="panel" aria-label={LEVEL_WORDS[level]}>
            <h2>{LEVEL_WORDS[level]}</h2>
            <Entries entries={value.entries.filter((entry) => entry.level === level)} level={level} reload={reload} />
          </section>
        ))}
      </div>
      <section className="panel" aria-label={t("add")}>
        <h2>{t("putSomebodyOnTheRota")}</h2>
        <AddEntry people={value.people} reload={reload} />
      </section>
    </div>
  );
}

const NOBODY: Record<EscalationLevel, string> = {
  get store() { return t("nobodyIsNamedAlertsShowTo"); },
  get area() { return t("nobodyAlertsPassThisLevelOver"); },
  get "operations-centre"() { return t("nobodyWithoutAnAreaOrA"); },
};

function Entries({ entries, level, reload }: { entries: RotaEntry[]; level: EscalationLevel; reload: () => void }) {
  const { busy, error, run } = useAct();
  if (entries.length === 0) return <p className="quiet">{NOBODY[level]}</p>;
  return (
    <>
      <ul className="rota">
        {entries.map((entry) => (
          <li key={entry.id} data-testid="rota-entry">
            <div>
              <strong>{entry.username}</strong>
              {entry.on_duty && <span className="on-duty">{t("onDuty")}</span>}
              <small>
                {entry.days.length === 7 ? t("everyDay") : entry.days.map(weekday).join(", ")}, {hours(entry)} ({entry.timezone})
                {level !== "store" && (" " + t("afterMinThreatAndAbove", { afterS: Math.round(entry.after_s / 60) || "<1", toLowerCase: THREAT_WORDS[entry.lowest_threat].toLowerCase() }))}
              </small>
            </div>
            <button type="button" className="icon-button" disabled={busy} aria-label={t("takeOffTheRota", { username: entry.username })} title={t("remove")} onClick={() => void run(async () => removeRotaEntry(entry.id).then(reload))}>
              <Trash2 size={16} />
            </button>
          </li>
        ))}
      </ul>
      {error && <Problem sentence={error} />}
    </>
  );
}

function hours({ starts, ends }: RotaEntry): string {
  return starts === ends ? t("allDay") : `${starts.slice(0, 5)}–${ends.slice(0, 5)}`;
}

function AddEntry({ people, reload }: { people: { id: string; username: string }[]; reload: () => void }) {
  const { store } = usePlace();
  const { busy, error, run } = useAct();
  const [user, setUser] = useState("");
  const [level, setLevel] = useState<EscalationLevel>("store");
  const [days, setDays] = useState<number[]>([1, 2, 3, 4, 5, 6, 7]);
  const [starts, setStarts] = useState("08:00");
  const [ends, setEnds] = useState("20:00");
  const [after, setAfter] = useState(180);
  const [threat, setThreat] = useState<Threat>("low");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const place = { store_id: level === "store" ? store.id : null, region_id: level === "area" ? store.region_id : null };
      await addRotaEntry({ user_id: user, ...place, days, starts, ends, timezone: store.timezone, after_s: after, lowest_threat: threat });
      reload();
    });
  };
  const toggle = (day: number) => setDays(days.includes(day) ? days.filter((each) => each !== day) : [...days, day].sort());
  return (
    <form className="add-rota" onSubmit={submit}>
      <label className="field">
        <span>{t("who")}</span>
        <select data-testid="rota-user" value={user} onChange={(event) => setUser(event.target.value)}>
          <option value="">{t("choose")}</option>
          {people.map(({ id, username }) => (
            <option key={id} value={id}>
              {username}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("where")}</span>
        <select data-testid="rota-level" value={level} onChange={(event) => setLevel(event.target.value as EscalationLevel)}>
          {LEVELS.map((each) => (
            <option key={each} value={each} disabled={each === "area" && !store.region_id}>
              {each === "store" ? store.name : LEVEL_WORDS[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("from")}</span>
        <input type="time" required value={starts} onChange={(event) => setStarts(event.target.value)} />
      </label>
      <label className="field">
        <span>{t("to")}</span>
        <input type="time" required value={ends} onChange={(event) => setEnds(event.target.value)} />
      </label>
      {level !== "store" && (
        <>
          <label className="field">
            <span>{t("after")}</span>
            <select value={after} onChange={(event) => setAfter(Number(event.target.value))}>
              {AFTER.map(([seconds, word]) => (
                <option key={seconds} value={seconds}>
                  {word}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{t("threatFrom")}</span>
            <select value={threat} onChange={(event) => setThreat(event.target.value as Threat)}>
              {(Object.keys(THREAT_WORDS) as Threat[]).map((each) => (
                <option key={each} value={each}>
                  {THREAT_WORDS[each]}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
      <div className="rota-days" role="group" aria-label={t("days")}>
        {DAYS.map((day) => (
          <button key={day} type="button" className="button button-small" aria-pressed={days.includes(day)} onClick={() => toggle(day)}>
            {weekday(day)}
          </button>
        ))}
      </div>
      <button type="submit" className="button button-primary" data-testid="rota-add" disabled={busy || !user || days.length === 0}>
        {t("add")}
      </button>
      {error && <Problem sentence={error} />}
    </form>
  );
}
