import { Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { addRotaEntry, removeRotaEntry, rota, usernames } from "../api/endpoints";
import type { EscalationLevel, RotaEntry, Threat } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { LEVEL_WORDS, THREAT_WORDS } from "../text/format";

const LEVELS: readonly EscalationLevel[] = ["store", "area", "operations-centre"];
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const AFTER: readonly [number, string][] = [[60, "1 min"], [180, "3 min"], [600, "10 min"], [1800, "30 min"]];

/** Who is on duty when; whoever does not react hands the alert to the next level. */
export function RotaPage() {
  useTitle("Rota");
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
          <h1>Rota</h1>
          <p className="page-note">An alert that nobody takes goes from the store to its area, then to the operations centre.</p>
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
      <section className="panel" aria-label="Add">
        <h2>Put somebody on the rota</h2>
        <AddEntry people={value.people} reload={reload} />
      </section>
    </div>
  );
}

const NOBODY: Record<EscalationLevel, string> = {
  store: "Nobody is named; alerts show to everybody of the store.",
  area: "Nobody: alerts pass this level over.",
  "operations-centre": "Nobody: without an area or a centre alerts stay at the store.",
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
              {entry.on_duty && <span className="on-duty">on duty</span>}
              <small>
                {entry.days.length === 7 ? "Every day" : entry.days.map((day) => DAYS[day - 1]).join(", ")}, {hours(entry)} ({entry.timezone})
                {level !== "store" && ` · after ${Math.round(entry.after_s / 60) || "<1"} min · ${THREAT_WORDS[entry.lowest_threat].toLowerCase()} threat and above`}
              </small>
            </div>
            <button type="button" className="icon-button" disabled={busy} aria-label={`Take ${entry.username} off the rota`} title="Remove" onClick={() => void run(async () => removeRotaEntry(entry.id).then(reload))}>
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
  return starts === ends ? "all day" : `${starts.slice(0, 5)}–${ends.slice(0, 5)}`;
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
        <span>Who</span>
        <select data-testid="rota-user" value={user} onChange={(event) => setUser(event.target.value)}>
          <option value="">Choose…</option>
          {people.map(({ id, username }) => (
            <option key={id} value={id}>
              {username}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Where</span>
        <select data-testid="rota-level" value={level} onChange={(event) => setLevel(event.target.value as EscalationLevel)}>
          {LEVELS.map((each) => (
            <option key={each} value={each} disabled={each === "area" && !store.region_id}>
              {each === "store" ? store.name : LEVEL_WORDS[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>From</span>
        <input type="time" required value={starts} onChange={(event) => setStarts(event.target.value)} />
      </label>
      <label className="field">
        <span>To</span>
        <input type="time" required value={ends} onChange={(event) => setEnds(event.target.value)} />
      </label>
      {level !== "store" && (
        <>
          <label className="field">
            <span>After</span>
            <select value={after} onChange={(event) => setAfter(Number(event.target.value))}>
              {AFTER.map(([seconds, word]) => (
                <option key={seconds} value={seconds}>
                  {word}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Threat from</span>
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
      <div className="rota-days" role="group" aria-label="Days">
        {DAYS.map((word, index) => (
          <button key={word} type="button" className="button button-small" aria-pressed={days.includes(index + 1)} onClick={() => toggle(index + 1)}>
            {word}
          </button>
        ))}
      </div>
      <button type="submit" className="button button-primary" data-testid="rota-add" disabled={busy || !user || days.length === 0}>
        Add
      </button>
      {error && <Problem sentence={error} />}
    </form>
  );
}
