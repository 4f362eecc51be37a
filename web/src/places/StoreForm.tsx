import { useState, type FormEvent } from "react";
import { addStore, changeStore } from "../api/administration";
import type { Region, Store } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { t } from "./texts";

interface Props {
  /** The store to change; a new one without. */
  store?: Store;
  regions: Region[];
  /** Whether the region may be chosen: that moves people's roles, so it needs a role for the whole chain. */
  movable: boolean;
  done: () => void;
  cancel: () => void;
}

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const ZONES = [...new Set(["UTC", HERE, ...Intl.supportedValuesOf("timeZone")])];

export function StoreForm({ store, regions, movable, done, cancel }: Props) {
  const [name, setName] = useState(store?.name ?? "");
  const [timezone, setTimezone] = useState(store?.timezone ?? HERE);
  const [region, setRegion] = useState(store?.region_id ?? "");
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const facts = { name: name.trim(), timezone };
      if (store) await changeStore(store.id, movable ? { ...facts, region_id: region || null } : facts);
      else await addStore(facts.name, timezone, region || null);
      done();
    });
  };
  return (
    <form className={store ? "stack" : "panel stack"} onSubmit={submit} aria-label={store ? t("change", { name: store.name }) : t("addAStore")}>
      {!store && <h2>{t("addAStore")}</h2>}
      <div className="store-fields">
        <label className="field">
          <span>{t("name")}</span>
          <input value={name} maxLength={200} autoComplete="off" placeholder={t("oxfordStreet")} onChange={(event) => setName(event.target.value)} data-testid="store-name" />
        </label>
        <label className="field">
          <span>{t("timeZone")}</span>
          <select value={timezone} onChange={(event) => setTimezone(event.target.value)} data-testid="store-timezone">
            {[...new Set([timezone, ...ZONES])].map((zone) => (
              <option key={zone} value={zone}>
                {zone.replaceAll("_", " ")}
              </option>
            ))}
          </select>
        </label>
        {movable && (
          <label className="field">
            <span>{t("region")}</span>
            <select value={region} onChange={(event) => setRegion(event.target.value)} data-testid="store-region">
              <option value="">{t("none")}</option>
              {regions.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {store && movable && region !== (store.region_id ?? "") && <p className="notice">{t("peopleAndKeysWithARole")}</p>}
      {!store && <p className="quiet">{t("aNewStoreStartsWithFace")}</p>}
      <Problem sentence={error} testId="store-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !name.trim()} data-testid="store-save">
          {busy ? t("saving") : store ? t("save") : t("add")}
        </button>
        <button type="button" className="button button-quiet" onClick={cancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
