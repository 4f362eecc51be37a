import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { addRegion, removeRegion, renameRegion } from "../api/administration";
import type { Region } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { NameForm } from "./NameForm";
import { t } from "./texts";

interface Props {
  regions: Region[];
  writes: boolean;
  changed: () => void;
}

/** Groups of stores: a role given for a region holds in all its stores, those of tomorrow too. */
export function Regions({ regions, writes, changed }: Props) {
  const [removing, setRemoving] = useState<Region | null>(null);
  const { busy, error, run } = useAct();
  const remove = (region: Region) =>
    void run(async () => {
      setRemoving(null);
      await removeRegion(region.id);
      changed();
    });
  if (!writes && regions.length === 0) return null;
  return (
    <section className="panel stack" aria-label={t("regions")}>
      <h2>{t("regions")}</h2>
      <p className="quiet">{t("aRoleOrAKeyFor")}</p>
      {regions.length > 0 && (
        <ul className="given" data-testid="regions">
          {regions.map((region) => (
            <RegionLine key={region.id} region={region} writes={writes} busy={busy} changed={changed} remove={() => setRemoving(region)} />
          ))}
        </ul>
      )}
      <Problem sentence={error} testId="region-error" />
      {writes && <NameForm label={t("newRegion")} act={t("add")} testId="region-name" save={(name) => addRegion(name).then(changed)} />}
      {removing && (
        <Confirm title={t("removeTheRegion", { name: removing.name })} act={t("remove")} busy={busy} onAct={() => remove(removing)} onCancel={() => setRemoving(null)}>
          <p>{t("itMustBeEmptyNoStore")}</p>
        </Confirm>
      )}
    </section>
  );
}

interface LineProps {
  region: Region;
  writes: boolean;
  busy: boolean;
  changed: () => void;
  remove: () => void;
}

function RegionLine({ region, writes, busy, changed, remove }: LineProps) {
  const [editing, setEditing] = useState(false);
  if (editing) {
    const save = (name: string) => renameRegion(region.id, name).then(() => (setEditing(false), changed()));
    return (
      <li>
        <NameForm label={t("name")} initial={region.name} act={t("rename")} testId="region-rename" save={save} cancel={() => setEditing(false)} />
      </li>
    );
  }
  return (
    <li>
      <span>
        <strong>{region.name}</strong>
        <small>{region.stores === 1 ? t("n1Store") : t("stores", { stores: region.stores })}</small>
      </span>
      {writes && (
        <>
          <button type="button" className="icon-button" onClick={() => setEditing(true)} aria-label={t("rename2", { name: region.name })} title={t("rename")}>
            <Pencil size={16} />
          </button>
          <button type="button" className="icon-button" disabled={busy} onClick={remove} aria-label={t("remove2", { name: region.name })} title={t("remove")}>
            <Trash2 size={16} />
          </button>
        </>
      )}
    </li>
  );
}
