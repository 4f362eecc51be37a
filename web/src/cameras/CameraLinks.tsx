import { Plus, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { zones as loadZones } from "../api/endpoints";
import type { Camera, Zone } from "../api/types";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { useCameras } from "./cameras";
import { addCameraLink, cameraLinks, removeCameraLink, t, waysFrom } from "./links";

interface Draft {
  to: string;
  metres: string;
  here: string;
  there: string;
}

const EMPTY: Draft = { to: "", metres: "", here: "", there: "" };

/** The ways that people walk from this camera's picture to others. */
export function CameraLinks({ camera, zones }: { camera: Camera; zones: readonly Zone[] }) {
  const { may } = usePlace();
  const { list, named } = useCameras();
  const { value, error, reload } = useLoad(`links ${camera.id}`, () => cameraLinks(camera.store_id));
  const [draft, setDraft] = useState<Draft | null>(null);
  const act = useAct();
  const ways = waysFrom(camera.id, value ?? []);
  const linked = new Set([camera.id, ...ways.map(({ to }) => to)]);
  const free = list.filter(({ id }) => !linked.has(id));
  const run = (work: () => Promise<unknown>) => void act.run(async () => (await work(), setDraft(null), reload()));
  const save = ({ to, metres, here, there }: Draft) => run(() => addCameraLink(camera.store_id, camera.id, { camera_b: to, metres: Number(metres), zone_a: here || null, zone_b: there || null }));
  return (
    <section className="panel" aria-label={t("title")} data-testid="camera-links">
      <div className="panel-head">
        <h2>{t("title")}</h2>
        {draft === null && may("cameras:write") && free.length > 0 && (
          <button type="button" className="button button-small" onClick={() => setDraft(EMPTY)} data-testid="link-add">
            <Plus size={16} aria-hidden="true" />
            {t("add")}
          </button>
        )}
      </div>
      <p className="quiet">{t("note")}</p>
      {error && <Failure sentence={error} retry={reload} />}
      <ul className="zone-list">
        {value && ways.length === 0 && <li className="quiet">{t("none")}</li>}
        {ways.map(({ link, to, here, there }) => (
          <li key={link.id} data-testid="link-row">
            <span>{t("way", { name: named(to), metres: link.metres })}</span>
            <small>{!link.used ? t("removed") : here || there ? t("limited") : ""}</small>
            {may("cameras:write") && (
              <button type="button" className="icon-button" disabled={act.busy} aria-label={t("remove", { name: named(to) })} title={t("remove", { name: named(to) })} onClick={() => run(() => removeCameraLink(link.id))}>
                <X size={16} />
              </button>
            )}
          </li>
        ))}
      </ul>
      {draft && <LinkForm draft={draft} free={free} zones={zones} busy={act.busy} onChange={setDraft} onSave={save} />}
      <Problem sentence={act.error} />
    </section>
  );
}

interface FormProps {
  draft: Draft;
  free: readonly Camera[];
  zones: readonly Zone[];
  busy: boolean;
  onChange: (draft: Draft | null) => void;
  onSave: (draft: Draft) => void;
}

function LinkForm({ draft, free, zones, busy, onChange, onSave }: FormProps) {
  const there = useLoad(draft.to ? `zones ${draft.to}` : null, () => loadZones(draft.to));
  const submit = (event: FormEvent) => (event.preventDefault(), onSave(draft));
  return (
    <form className="edit-camera" onSubmit={submit}>
      <label className="field">
        <span>{t("to")}</span>
        <select required value={draft.to} onChange={(event) => onChange({ ...draft, to: event.target.value, there: "" })} data-testid="link-to">
          <option value="">{t("choose")}</option>
          {free.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("metres")}</span>
        <input type="number" min={0} max={200} step="any" required value={draft.metres} onChange={(event) => onChange({ ...draft, metres: event.target.value })} data-testid="link-metres" />
        <small>{t("overlap")}</small>
      </label>
      <ZoneChoice label={t("here")} zones={zones} value={draft.here} onChange={(here) => onChange({ ...draft, here })} />
      <ZoneChoice label={t("there")} zones={there.value ?? []} value={draft.there} onChange={(each) => onChange({ ...draft, there: each })} />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !draft.to || draft.metres === ""} data-testid="link-save">
          {t("save")}
        </button>
        <button type="button" className="button button-quiet" onClick={() => onChange(null)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

function ZoneChoice({ label, zones, value, onChange }: { label: string; zones: readonly Zone[]; value: string; onChange: (id: string) => void }) {
  const areas = zones.filter(({ kind }) => kind !== "line");
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)} disabled={areas.length === 0}>
        <option value="">{t("anywhere")}</option>
        {areas.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
