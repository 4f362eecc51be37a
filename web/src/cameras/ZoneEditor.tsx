import { ArrowLeftRight, Pencil, Plus, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { addZone, changeZone, removeZone, type ZoneDraft } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera, Zone, ZoneKind } from "../api/types";
import { Confirm } from "../shell/Confirm";
import { Failure } from "../shell/Empty";
import { usePlace } from "../shell/stores";
import { PolygonCanvas } from "./PolygonCanvas";
import { fault, mostPoints } from "./polygon";
import { useSnapshot } from "./useSnapshot";
import { t } from "./texts";

interface Props {
  camera: Camera;
  zones: readonly Zone[];
  onChanged: () => void;
}

interface Draft extends ZoneDraft {
  id: string | null;
}

const KIND_WORDS: Record<ZoneKind, string> = {
  get loitering() { return t("nobodyShouldLingerHere"); },
  get entry() { return t("nobodyMayEnterHere"); },
  get line() { return t("aLineThatPeopleCross"); },
  get crowding() { return t("notTooManyPeopleHere"); },
  get queue() { return t("aQueueStandsHere"); },
  get shelf() { return t("aShelfThatHandsReachInto"); },
  get area() { return t("aNamedAreaWithoutARule"); },
};
/** What to click, before the first corner. */
const HOW: Partial<Record<ZoneKind, string>> = {
  get line() { return t("clickTheFloorAtOneEnd"); },
  get shelf() { return t("clickAroundTheFrontOfThe"); },
};
const onTheFloor = () => t("clickTheFloorCornerByCorner");

/** Zones of a camera, drawn on its picture. */
export function ZoneEditor({ camera, zones, onChanged }: Props) {
  const { may } = usePlace();
  const picture = useSnapshot(camera.id);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [removing, setRemoving] = useState<Zone | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      setDraft(null);
      setRemoving(null);
      onChanged();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  const save = ({ id, name, kind, polygon }: Draft) => {
    const zone = { name: name.trim(), kind, polygon };
    return attempt(() => (id === null ? addZone(camera.id, zone) : changeZone(camera.id, id, zone)));
  };
  const begin = () => setDraft({ id: null, name: t("zone", { zones: zones.length + 1 }), kind: "loitering", polygon: [] });
  const turnInto = (from: Draft, kind: ZoneKind) => setDraft({ ...from, kind, polygon: from.polygon.slice(0, mostPoints(kind)) });
  const problem = draft ? (draft.name.trim() ? fault(draft.polygon, draft.kind) : t("giveTheZoneAName")) : null;

  return (
    <section className="panel zones" aria-label={t("zones")}>
      <div className="panel-head">
        <h2>{t("zones")}</h2>
        <div className="form-actions">
          <button type="button" className="button button-quiet" onClick={picture.reload} title={t("takeANewPicture")}>
            <RefreshCw size={16} aria-hidden="true" />
            {t("newPicture")}
          </button>
          {!draft && may("cameras:write") && (
            <button type="button" className="button" onClick={begin} disabled={!picture.value} data-testid="zone-new">
              <Plus size={16} aria-hidden="true" />
              {t("drawAZone")}
            </button>
          )}
        </div>
      </div>
      {picture.error && !picture.value && <Failure sentence={picture.error} retry={picture.reload} />}
      {picture.value && (
        <PolygonCanvas
          picture={picture.value}
          others={zones.filter(({ id }) => id !== draft?.id)}
          polygon={draft?.polygon ?? null}
          kind={draft?.kind ?? "area"}
          onChange={(polygon) => draft && setDraft({ ...draft, polygon })}
        />
      )}
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {draft ? (
        <form className="zone-form" onSubmit={(event) => (event.preventDefault(), void save(draft))}>
          <label className="field">
            <span>{t("name")}</span>
            <input value={draft.name} maxLength={200} onChange={(event) => setDraft({ ...draft, name: event.target.value })} data-testid="zone-name" />
          </label>
          <label className="field">
            <span>{t("meaning")}</span>
            <select value={draft.kind} onChange={(event) => turnInto(draft, event.target.value as ZoneKind)} data-testid="zone-kind">
              {(Object.keys(KIND_WORDS) as ZoneKind[]).map((kind) => (
                <option key={kind} value={kind}>
                  {KIND_WORDS[kind]}
                </option>
              ))}
            </select>
          </label>
          <p className="quiet" aria-live="polite">
            {draft.polygon.length === 0 ? (HOW[draft.kind] ?? onTheFloor()) : (problem ?? t("readyToSaveDragACorner"))}
          </p>
          <div className="form-actions">
            {draft.kind === "line" && draft.polygon.length === 2 && (
              <button type="button" className="button" onClick={() => setDraft({ ...draft, polygon: [...draft.polygon].reverse() })} data-testid="zone-turn">
                <ArrowLeftRight size={16} aria-hidden="true" />
                {t("turnTheArrow")}
              </button>
            )}
            <button type="submit" className="button button-primary" disabled={busy || problem !== null} data-testid="zone-save">
              {busy ? t("saving") : t("saveZone")}
            </button>
            <button type="button" className="button button-quiet" onClick={() => (setDraft(null), setError(null))}>
              {t("cancel")}
            </button>
          </div>
        </form>
      ) : (
        <ul className="zone-list">
          {zones.length === 0 && <li className="quiet">{t("noZonesWithoutOneLoiteringIs")}</li>}
          {zones.map((zone) => (
            <li key={zone.id} data-testid="zone-row">
              <span>{zone.name}</span>
              <small>{KIND_WORDS[zone.kind]}</small>
              {may("cameras:write") && (
                <>
                  <button type="button" className="icon-button" aria-label={t("edit", { name: zone.name })} onClick={() => setDraft({ ...zone })}>
                    <Pencil size={16} />
                  </button>
                  <button type="button" className="icon-button" aria-label={t("delete", { name: zone.name })} onClick={() => setRemoving(zone)}>
                    <Trash2 size={16} />
                  </button>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {removing && (
        <Confirm title={t("delete2", { name: removing.name })} act={t("deleteZone")} busy={busy} onAct={() => void attempt(() => removeZone(camera.id, removing.id))} onCancel={() => setRemoving(null)}>
          <p>{t("itsRuleGoesWithItAlerts")}</p>
        </Confirm>
      )}
    </section>
  );
}
