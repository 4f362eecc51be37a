import { useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import type { Camera } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { usePlace } from "../shell/stores";
import { planQuery, putPlan, removePlan, type CameraPlace, type FloorPlan } from "./endpoints";
import { aimed, moved, newPlace, pressed, tip } from "./geometry";
import { CameraMark, Cones } from "./Marks";
import { PlaceFields } from "./PlaceFields";
import { PlanFrame, pointIn } from "./PlanFrame";
import type { Mark } from "./state";
import { t } from "./texts";
import { Upload } from "./Upload";

interface Props {
  plan: FloorPlan & { picture: NonNullable<FloorPlan["picture"]> };
  cameras: readonly Camera[];
  asDrawn: boolean;
  done: () => void;
}

const CALM: Mark = { off: false, open: 0, threat: null };

/** Cameras put on the plan, moved and aimed: by drag, by keys, by figures. Nothing is kept before it is saved. */
export function Editor({ plan: now, cameras, asDrawn, done }: Props) {
  const { store } = usePlace();
  const [plan] = useState(now); // what is drawn on: somebody else's change meanwhile is a conflict, not overwritten
  const client = useQueryClient();
  const [places, setPlaces] = useState<readonly CameraPlace[]>(plan.cameras);
  const width = plan.width_m === null ? "" : String(plan.width_m);
  const [widthM, setWidthM] = useState(width);
  const [chosen, choose] = useState<string | null>(plan.cameras[0]?.camera_id ?? null);
  const [removing, setRemoving] = useState(false);
  const [drag, setDrag] = useState<"move" | "aim" | null>(null);
  const surface = useRef<HTMLDivElement>(null);
  const { busy, error, run } = useAct();
  const size = plan.picture;
  const current = places.find(({ camera_id }) => camera_id === chosen);
  const put = (place: CameraPlace) => setPlaces((all) => [...all.filter(({ camera_id }) => camera_id !== place.camera_id), place]);
  const away = (id: string) => setPlaces((all) => all.filter(({ camera_id }) => camera_id !== id));
  const save = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      // A camera that was removed meanwhile is drawn no more, and would be refused.
      const there = cameras.length > 0 ? places.filter(({ camera_id }) => named(camera_id)) : [...places];
      const body = { revision: plan.revision, width_m: widthM.trim() ? Number(widthM) : null, cameras: there };
      client.setQueryData(planQuery(store.id).queryKey, await putPlan(store.id, body));
      done();
    });
  };
  const remove = () =>
    void run(async () => {
      setRemoving(false);
      await removePlan(store.id);
      await client.invalidateQueries({ queryKey: ["floor-plan", store.id] });
      done();
    });
  const press = (event: KeyboardEvent, place: CameraPlace) => {
    const next = event.key === "Delete" ? null : pressed(place, event.key, event.shiftKey);
    if (event.key === "Delete") away(place.camera_id);
    else if (next) put(next);
    else return;
    choose(place.camera_id);
    event.preventDefault();
  };
  const grab = (event: React.PointerEvent, what: "move" | "aim", id: string) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    choose(id);
    setDrag(what);
  };
  const follow = (event: React.PointerEvent) => {
    if (!drag || !current || !surface.current) return;
    const to = pointIn(surface.current, event);
    put(drag === "move" ? moved(current, to) : aimed(current, to, size));
  };
  const placed = new Set(places.map(({ camera_id }) => camera_id));
  const missing = cameras.filter(({ id }) => !placed.has(id));
  const named = (id: string) => cameras.find((camera) => camera.id === id);
  return (
    <form className="plan-columns" onSubmit={save}>
      <div className="plan-wide">
        <PlanFrame plan={{ ...plan, width_m: Number(widthM) >= 1 ? Number(widthM) : null }} asDrawn={asDrawn} surface={surface} onPointerMove={follow} onPointerUp={() => setDrag(null)} shapes={<Cones places={places} size={size} marks={new Map(places.map(({ camera_id }) => [camera_id, CALM]))} chosen={chosen} />}>
          {places.map((place) => {
            const camera = named(place.camera_id);
            return camera && <CameraMark key={camera.id} camera={camera} place={place} mark={CALM} chosen={camera.id === chosen} onChoose={() => choose(camera.id)} onKeyDown={(event) => press(event, place)} onPointerDown={(event) => grab(event, "move", camera.id)} />;
          })}
          {current && <Handle place={current} plan={plan} grab={(event) => grab(event, "aim", current.camera_id)} />}
        </PlanFrame>
        <p className="quiet">{t("editHow")}</p>
      </div>
      <div className="plan-side">
        <section className="panel stack" aria-label={t("place")}>
          <h2>{current ? (named(current.camera_id)?.name ?? "") : t("place")}</h2>
          {current ? <PlaceFields place={current} widthM={Number(widthM) || null} change={put} remove={() => away(current.camera_id)} /> : <p className="quiet">{t("chooseOne")}</p>}
        </section>
        <section className="panel stack" aria-label={t("notPlaced")}>
          <h2>{t("notPlaced")}</h2>
          {missing.length === 0 && <p className="quiet">{t("allPlaced")}</p>}
          <ul className="plan-missing">
            {missing.map((camera) => (
              <li key={camera.id}>
                <button type="button" className="button" onClick={() => (put(newPlace(camera.id)), choose(camera.id))} data-testid="plan-place">
                  <Plus size={16} aria-hidden="true" />
                  {camera.name}
                </button>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel stack" aria-label={t("thePlan")}>
          <label className="field">
            <span>{t("widthM")}</span>
            <input type="number" min={1} max={2000} step="any" value={widthM} onChange={({ target }) => setWidthM(target.value)} data-testid="plan-width" />
            <small>{t("widthMWhy")}</small>
          </label>
          <div className="form-actions">
            <Upload first={false} disabled={places !== plan.cameras || widthM !== width} done={done} />
            <button type="button" className="button button-quiet" disabled={busy} onClick={() => setRemoving(true)} data-testid="plan-remove">
              <Trash2 size={16} aria-hidden="true" />
              {t("removePlan")}
            </button>
          </div>
        </section>
        <Problem sentence={error} testId="plan-error" />
        <div className="form-actions">
          <button type="submit" className="button button-primary" disabled={busy} data-testid="plan-save">
            {busy ? t("saving") : t("save")}
          </button>
          <button type="button" className="button button-quiet" onClick={done}>
            {t("cancel")}
          </button>
        </div>
      </div>
      {removing && (
        <Confirm title={t("removePlanAsk")} act={t("removePlan")} busy={busy} onAct={remove} onCancel={() => setRemoving(false)}>
          <p>{t("removePlanWhat")}</p>
        </Confirm>
      )}
    </form>
  );
}

/** The end of the chosen cone: pulled, it says where the camera looks and how far. The same by figures, for keys. */
function Handle({ place, plan, grab }: { place: CameraPlace; plan: Props["plan"]; grab: (event: React.PointerEvent) => void }) {
  const [x, y] = tip(place, plan.picture);
  const kept = (value: number) => `${Math.min(1, Math.max(0, value)) * 100}%`;
  return <span className="plan-handle" style={{ left: kept(x), top: kept(y) }} onPointerDown={grab} data-testid="plan-handle" aria-hidden="true" />;
}
