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

interface Props {
  camera: Camera;
  zones: readonly Zone[];
  onChanged: () => void;
}

interface Draft extends ZoneDraft {
  id: string | null;
}

const KIND_WORDS: Record<ZoneKind, string> = {
  loitering: "Nobody should linger here",
  entry: "Nobody may enter here",
  line: "A line that people cross",
  crowding: "Not too many people here",
  queue: "A queue stands here",
  shelf: "A shelf that hands reach into",
  area: "A named area, without a rule",
};
/** What to click, before the first corner. */
const HOW: Partial<Record<ZoneKind, string>> = {
  line: "Click the floor at one end of the line, then at the other. The arrow shows which way counts.",
  shelf: "Click around the front of the shelf itself, not the floor. Hands count, not feet.",
};
const ON_THE_FLOOR = "Click the floor, corner by corner. People count as inside when their feet are.";

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
  const begin = () => setDraft({ id: null, name: `Zone ${zones.length + 1}`, kind: "loitering", polygon: [] });
  const turnInto = (from: Draft, kind: ZoneKind) => setDraft({ ...from, kind, polygon: from.polygon.slice(0, mostPoints(kind)) });
  const problem = draft ? (draft.name.trim() ? fault(draft.polygon, draft.kind) : "Give the zone a name.") : null;

  return (
    <section className="panel zones" aria-label="Zones">
      <div className="panel-head">
        <h2>Zones</h2>
        <div className="form-actions">
          <button type="button" className="button button-quiet" onClick={picture.reload} title="Take a new picture">
            <RefreshCw size={16} aria-hidden="true" />
            New picture
          </button>
          {!draft && may("cameras:write") && (
            <button type="button" className="button" onClick={begin} disabled={!picture.value} data-testid="zone-new">
              <Plus size={16} aria-hidden="true" />
              Draw a zone
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
            <span>Name</span>
            <input value={draft.name} maxLength={200} onChange={(event) => setDraft({ ...draft, name: event.target.value })} data-testid="zone-name" />
          </label>
          <label className="field">
            <span>Meaning</span>
            <select value={draft.kind} onChange={(event) => turnInto(draft, event.target.value as ZoneKind)} data-testid="zone-kind">
              {(Object.keys(KIND_WORDS) as ZoneKind[]).map((kind) => (
                <option key={kind} value={kind}>
                  {KIND_WORDS[kind]}
                </option>
              ))}
            </select>
          </label>
          <p className="quiet" aria-live="polite">
            {draft.polygon.length === 0 ? (HOW[draft.kind] ?? ON_THE_FLOOR) : (problem ?? "Ready to save. Drag a corner to move it.")}
          </p>
          <div className="form-actions">
            {draft.kind === "line" && draft.polygon.length === 2 && (
              <button type="button" className="button" onClick={() => setDraft({ ...draft, polygon: [...draft.polygon].reverse() })} data-testid="zone-turn">
                <ArrowLeftRight size={16} aria-hidden="true" />
                Turn the arrow
              </button>
            )}
            <button type="submit" className="button button-primary" disabled={busy || problem !== null} data-testid="zone-save">
              {busy ? "Saving…" : "Save zone"}
            </button>
            <button type="button" className="button button-quiet" onClick={() => (setDraft(null), setError(null))}>
              Cancel
            </button>
          </div>
        </form>
      ) : (
        <ul className="zone-list">
          {zones.length === 0 && <li className="quiet">No zones. Without one, loitering is looked for in the whole picture.</li>}
          {zones.map((zone) => (
            <li key={zone.id} data-testid="zone-row">
              <span>{zone.name}</span>
              <small>{KIND_WORDS[zone.kind]}</small>
              {may("cameras:write") && (
                <>
                  <button type="button" className="icon-button" aria-label={`Edit ${zone.name}`} onClick={() => setDraft({ ...zone })}>
                    <Pencil size={16} />
                  </button>
                  <button type="button" className="icon-button" aria-label={`Delete ${zone.name}`} onClick={() => setRemoving(zone)}>
                    <Trash2 size={16} />
                  </button>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {removing && (
        <Confirm title={`Delete ${removing.name}?`} act="Delete zone" busy={busy} onAct={() => void attempt(() => removeZone(camera.id, removing.id))} onCancel={() => setRemoving(null)}>
          <p>Its rule goes with it. Alerts that it raised stay.</p>
        </Confirm>
      )}
    </section>
  );
}
