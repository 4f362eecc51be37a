import { Ruler } from "lucide-react";
import { useState, type FormEvent } from "react";
import { changeCamera } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera, Point } from "../api/types";
import { Failure } from "../shell/Empty";
import { usePlace } from "../shell/stores";
import { PolygonCanvas } from "./PolygonCanvas";
import { fault } from "./polygon";
import { t } from "./texts";
import { useSnapshot } from "./useSnapshot";

interface Draft {
  corners: Point[];
  first: string;
  second: string;
}

/** How large the floor is: four corners of a rectangle on it and two of its sides, so that rules measure metres. */
export function FloorEditor({ camera, onChanged }: { camera: Camera; onChanged: (camera: Camera) => void }) {
  const { may } = usePlace();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const picture = useSnapshot(draft && camera.id);
  const save = async (floor: Camera["floor"]) => {
    setBusy(true);
    setError(null);
    try {
      onChanged(await changeCamera(camera.id, { floor }));
      setDraft(null);
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  const begin = () => setDraft({ corners: (camera.floor?.corners ?? []) as Point[], first: String(camera.floor?.first_m ?? ""), second: String(camera.floor?.second_m ?? "") });
  const submit = (event: FormEvent, { corners, first, second }: Draft) => {
    event.preventDefault();
    void save({ corners, first_m: Number(first), second_m: Number(second) });
  };
  return (
    <section className="panel zones" aria-label={t("floor")}>
      <div className="panel-head">
        <h2>{t("floor")}</h2>
        {draft === null && may("cameras:write") && (
          <div className="form-actions">
            {camera.floor && (
              <button type="button" className="button button-quiet" disabled={busy} onClick={() => void save(null)} data-testid="floor-forget">
                {t("floorForget")}
              </button>
            )}
            <button type="button" className="button" onClick={begin} data-testid="floor-measure">
              <Ruler size={16} aria-hidden="true" />
              {t("floorMeasure")}
            </button>
          </div>
        )}
      </div>
      {draft === null && <p className="quiet" data-testid="floor-known">{camera.floor ? t("floorKnown", { first: camera.floor.first_m, second: camera.floor.second_m }) : t("floorUnknown")}</p>}
      {draft && (
        <>
          {picture.error && !picture.value && <Failure sentence={picture.error} retry={picture.reload} />}
          {picture.value && <PolygonCanvas picture={picture.value} others={[]} polygon={draft.corners} most={4} onChange={(corners) => setDraft({ ...draft, corners })} />}
          <form className="zone-form" onSubmit={(event) => submit(event, draft)}>
            <Length label={t("floorFirst")} value={draft.first} onChange={(first) => setDraft({ ...draft, first })} testId="floor-first" />
            <Length label={t("floorSecond")} value={draft.second} onChange={(second) => setDraft({ ...draft, second })} testId="floor-second" />
            <p className="quiet" aria-live="polite">
              {draft.corners.length < 4 ? t("floorHow", { count: draft.corners.length + 1 }) : (fault(draft.corners) ?? t("floorReady"))}
            </p>
            <div className="form-actions">
              <button type="submit" className="button button-primary" disabled={busy || draft.corners.length < 4 || fault(draft.corners) !== null || !(Number(draft.first) > 0) || !(Number(draft.second) > 0)} data-testid="floor-save">
                {t("floorSave")}
              </button>
              <button type="button" className="button button-quiet" onClick={() => (setDraft(null), setError(null))}>
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
    </section>
  );
}

function Length({ label, value, onChange, testId }: { label: string; value: string; onChange: (value: string) => void; testId: string }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input type="number" min={0.5} max={100} step="any" required value={value} onChange={(event) => onChange(event.target.value)} data-testid={testId} />
    </label>
  );
}
