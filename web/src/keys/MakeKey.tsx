import { useState, type FormEvent } from "react";
import { makeKey } from "../api/administration";
import type { ApiKeySecret } from "../api/types";
import { heldAt, type NamedPlace } from "../administration/reach";
import type { Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { offered, permissionWords } from "./words";
import { days as inDays } from "../text/format";
import { t } from "./texts";

interface Props {
  directory: Directory;
  /** Where the signed-in person may make keys. */
  places: NamedPlace[];
  made: (made: ApiKeySecret) => void;
  cancel: () => void;
}

const LIVE_DAYS = [30, 90, 180, 365];

/** Name, reach, rights and end of a new key. */
export function MakeKey({ directory, places, made, cancel }: Props) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<NamedPlace[]>(places.filter(({ store_id }) => store_id === directory.store.id));
  const [rights, setRights] = useState<string[]>([]);
  const [days, setDays] = useState(90);
  const { busy, error, run } = useAct();
  const able = offered(everywhereHeld(directory, chosen));
  const given = rights.filter((right) => able.includes(right));
  const toggle = (place: NamedPlace) => {
    const others = chosen.filter(({ key }) => key !== place.key);
    if (others.length < chosen.length) setChosen(others);
    else setChosen(place.key === "chain" ? [place] : [...others.filter(({ key }) => key !== "chain"), place]);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const store_ids = chosen.flatMap(({ store_id }) => (store_id ? [store_id] : []));
    const region_ids = chosen.flatMap(({ region_id }) => (region_id ? [region_id] : []));
    void run(async () => made(await makeKey({ name: name.trim(), permissions: given, store_ids, region_ids, days })));
  };
  return (
    <form className="panel stack" onSubmit={submit} aria-label={t("makeAKey")}>
      <h2>{t("makeAKey")}</h2>
      <div className="key-fields">
        <label className="field">
          <span>{t("name")}</span>
          <input value={name} maxLength={200} autoComplete="off" placeholder={t("tillSystemOxfordStreet")} autoFocus onChange={(event) => setName(event.target.value)} data-testid="key-name" />
        </label>
        <label className="field">
          <span>{t("goodFor")}</span>
          <select value={days} onChange={(event) => setDays(Number(event.target.value))} data-testid="key-days">
            {LIVE_DAYS.map((value) => (
              <option key={value} value={value}>
                {inDays(value)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <fieldset className="choices">
        <legend>{t("where")}</legend>
        {places.map((place) => (
          <Choice key={place.key} name={place.name} on={chosen.some(({ key }) => key === place.key)} toggle={() => toggle(place)} testId={`key-at-${place.key}`} />
        ))}
      </fieldset>
      <fieldset className="choices">
        <legend>{t("whatItMayDo")}</legend>
        {able.map((right) => (
          <Choice
            key={right}
            name={permissionWords(right)}
            on={rights.includes(right)}
            toggle={() => setRights(rights.includes(right) ? rights.filter((each) => each !== right) : [...rights, right])}
            testId={`key-may-${right}`}
          />
        ))}
        {able.length === 0 && <p className="quiet">{t("chooseWhereFirst")}</p>}
      </fieldset>
      <Problem sentence={error} testId="key-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !name.trim() || chosen.length === 0 || given.length === 0} data-testid="key-save">
          {busy ? t("making") : t("makeTheKey")}
        </button>
        <button type="button" className="button button-quiet" onClick={cancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

function Choice({ name, on, toggle, testId }: { name: string; on: boolean; toggle: () => void; testId: string }) {
  return (
    <label className="choice">
      <input type="checkbox" checked={on} onChange={toggle} data-testid={testId} />
      <span>{name}</span>
    </label>
  );
}

/** What the signed-in person may do at every chosen place. */
function everywhereHeld({ me, roles, stores }: Directory, chosen: NamedPlace[]): string[] {
  const [first, ...others] = chosen.map((place) => heldAt(me.memberships, roles, place, stores));
  return first ? [...first].filter((right) => others.every((held) => held.has(right))) : [];
}
