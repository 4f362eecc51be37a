import { EyeOff, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { ask } from "../api/client";
import { snapshot } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { components } from "../api/schema";
import type { Camera, Page, Point, Zone } from "../api/types";
import { Confirm } from "../shell/Confirm";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { date } from "../text/format";
import { PolygonCanvas } from "./PolygonCanvas";
import { fault } from "./polygon";
import { t } from "./texts";

type Mask = components["schemas"]["MaskOut"];
type RemovedMask = components["schemas"]["RemovedMaskOut"];

/** What nobody may see in this camera: drawn on its picture, blackened by the worker before anything looks at it. */
export function MaskEditor({ camera }: { camera: Camera }) {
  const { may } = usePlace();
  const masks = useLoad(`masks ${camera.id}`, async () => (await ask<Page<Mask>>("GET", `/cameras/${camera.id}/masks`)).items);
  const removed = useLoad(`removed masks ${camera.id}`, async () => (await ask<Page<RemovedMask>>("GET", `/cameras/${camera.id}/masks/removed`)).items);
  const [drawing, setDrawing] = useState<Point[] | null>(null);
  const [name, setName] = useState("");
  const [removing, setRemoving] = useState<Mask | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      setDrawing(null);
      setRemoving(null);
      masks.reload();
      removed.reload();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  const list = masks.value ?? [];
  const problem = drawing === null ? null : name.trim() ? fault(drawing) : t("giveTheMaskAName");
  const save = () => attempt(() => ask("POST", `/cameras/${camera.id}/masks`, { body: { name: name.trim(), polygon: drawing } }));
  return (
    <section className="panel zones" aria-label={t("privacyMasks")}>
      <div className="panel-head">
        <h2>{t("privacyMasks")}</h2>
        {drawing === null && may("cameras:write") && (
          <button type="button" className="button" onClick={() => (setName(t("mask", { list: list.length + 1 })), setDrawing([]))} data-testid="mask-new">
            <EyeOff size={16} aria-hidden="true" />
            {t("drawAMask")}
          </button>
        )}
      </div>
      {masks.error && <Failure sentence={masks.error} retry={masks.reload} />}
      {drawing && (
        <>
          <MaskCanvas camera={camera} masks={list} polygon={drawing} onChange={setDrawing} />
          <form className="zone-form" onSubmit={(event) => (event.preventDefault(), void save())}>
            <label className="field">
              <span>{t("name")}</span>
              <input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} data-testid="mask-name" />
            </label>
            <p className="quiet" aria-live="polite">
              {drawing.length === 0 ? t("clickAroundWhatNobodyMaySee") : (problem ?? t("readyToSave"))}
            </p>
            <div className="form-actions">
              <button type="submit" className="button button-primary" disabled={busy || problem !== null} data-testid="mask-save">
                {busy ? t("saving") : t("saveMask")}
              </button>
              <button type="button" className="button button-quiet" onClick={() => setDrawing(null)}>
                {t("cancel")}
              </button>
            </div>
          </form>
        </>
      )}
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <ul className="zone-list">
        {list.length === 0 && <li className="quiet">{t("noMasksEverythingTheCameraSees")}</li>}
        {list.map((mask) => (
          <li key={mask.id} data-testid="mask-row">
            <span>{mask.name}</span>
            <small>{t("blackForModelsLiveViewAnd")}</small>
            {may("cameras:write") && (
              <button type="button" className="icon-button" aria-label={t("delete", { name: mask.name })} onClick={() => setRemoving(mask)}>
                <Trash2 size={16} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {(removed.value ?? []).length > 0 && (
        <div data-testid="masks-removed">
          <h3>{t("takenAwayInTheLast90")}</h3>
          <ul className="zone-list">
            {(removed.value ?? []).map((mask) => (
              <li key={mask.id}>
                <span>{mask.name}</span>
                <small>
                  {t("by", { removedAt: date(mask.removed_at) })}{" "}{mask.removed_by ?? t("somebodyUnknown")}
                </small>
              </li>
            ))}
          </ul>
        </div>
      )}
      {removing && (
        <Confirm title={t("delete2", { name: removing.name })} act={t("deleteMask")} busy={busy} onAct={() => void attempt(() => ask("DELETE", `/cameras/${camera.id}/masks/${removing.id}`))} onCancel={() => setRemoving(null)}>
          <p>{t("whatItCoversIsSeenAgain")}</p>
        </Confirm>
      )}
    </section>
  );
}

function MaskCanvas({ camera, masks, polygon, onChange }: { camera: Camera; masks: Mask[]; polygon: Point[]; onChange: (polygon: Point[]) => void }) {
  const picture = useLoad(`mask snapshot ${camera.id}`, async () => URL.createObjectURL(await snapshot(camera.id)));
  const { value } = picture;
  useEffect(() => () => (value ? URL.revokeObjectURL(value) : undefined), [value]);
  if (!value) return picture.error ? <Failure sentence={picture.error} retry={picture.reload} /> : null;
  const others: Zone[] = masks.map((mask) => ({ ...mask, kind: "area", polygon: mask.polygon as Point[] }));
  return <PolygonCanvas picture={value} others={others} polygon={polygon} onChange={onChange} />;
}
