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
  const problem = drawing === null ? null : name.trim() ? fault(drawing) : "Give the mask a name.";
  const save = () => attempt(() => ask("POST", `/cameras/${camera.id}/masks`, { body: { name: name.trim(), polygon: drawing } }));
  return (
    <section className="panel zones" aria-label="Privacy masks">
      <div className="panel-head">
        <h2>Privacy masks</h2>
        {drawing === null && may("cameras:write") && (
          <button type="button" className="button" onClick={() => (setName(`Mask ${list.length + 1}`), setDrawing([]))} data-testid="mask-new">
            <EyeOff size={16} aria-hidden="true" />
            Draw a mask
          </button>
        )}
      </div>
      {masks.error && <Failure sentence={masks.error} retry={masks.reload} />}
      {drawing && (
        <>
          <MaskCanvas camera={camera} masks={list} polygon={drawing} onChange={setDrawing} />
          <form className="zone-form" onSubmit={(event) => (event.preventDefault(), void save())}>
            <label className="field">
              <span>Name</span>
              <input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} data-testid="mask-name" />
            </label>
            <p className="quiet" aria-live="polite">
              {drawing.length === 0 ? "Click around what nobody may see: a keypad, a changing room, a neighbour's window." : (problem ?? "Ready to save.")}
            </p>
            <div className="form-actions">
              <button type="submit" className="button button-primary" disabled={busy || problem !== null} data-testid="mask-save">
                {busy ? "Saving…" : "Save mask"}
              </button>
              <button type="button" className="button button-quiet" onClick={() => setDrawing(null)}>
                Cancel
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
        {list.length === 0 && <li className="quiet">No masks. Everything the camera sees is analysed and shown.</li>}
        {list.map((mask) => (
          <li key={mask.id} data-testid="mask-row">
            <span>{mask.name}</span>
            <small>Black for models, live view and snapshots</small>
            {may("cameras:write") && (
              <button type="button" className="icon-button" aria-label={`Delete ${mask.name}`} onClick={() => setRemoving(mask)}>
                <Trash2 size={16} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {(removed.value ?? []).length > 0 && (
        <div data-testid="masks-removed">
          <h3>Taken away in the last 90 days</h3>
          <ul className="zone-list">
            {(removed.value ?? []).map((mask) => (
              <li key={mask.id}>
                <span>{mask.name}</span>
                <small>
                  {date(mask.removed_at)}, by {mask.removed_by ?? "somebody unknown"}
                </small>
              </li>
            ))}
          </ul>
        </div>
      )}
      {removing && (
        <Confirm title={`Delete ${removing.name}?`} act="Delete mask" busy={busy} onAct={() => void attempt(() => ask("DELETE", `/cameras/${camera.id}/masks/${removing.id}`))} onCancel={() => setRemoving(null)}>
          <p>What it covers is seen again within seconds. The deletion is recorded with its outline, and shown here for 90 days with your name.</p>
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
