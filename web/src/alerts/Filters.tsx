import { useAlerts } from "./alerts";
import { SHOWN_WORDS, type Filter, type Shown } from "./filter";
import { useCameras } from "../cameras/cameras";
import { humanise } from "../text/format";

/** Kinds that the rules of this version can raise; others appear as alerts of them do. */
const KINDS = ["loitering", "falling", "floor", "fighting", "running", "entry", "crossing", "crowding", "queue", "reaching", "camera-offline", "camera-frozen", "camera-blind", "camera-moved", "camera-clock"];

export function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { list } = useCameras();
  const { state } = useAlerts();
  const kinds = [...new Set([...KINDS, ...[...state.byId.values()].map(({ kind }) => kind), ...(filter.kind ? [filter.kind] : [])])];
  return (
    <div className="filters">
      <div className="segments" role="group" aria-label="State">
        {(Object.keys(SHOWN_WORDS) as Shown[]).map((shown) => (
          <button key={shown} type="button" aria-pressed={filter.shown === shown} onClick={() => onChange({ ...filter, shown })}>
            {SHOWN_WORDS[shown]}
          </button>
        ))}
      </div>
      <select aria-label="Camera" value={filter.cameraId ?? ""} onChange={(event) => onChange({ ...filter, cameraId: event.target.value || null })}>
        <option value="">All cameras</option>
        {list.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label="Kind" value={filter.kind ?? ""} onChange={(event) => onChange({ ...filter, kind: event.target.value || null })}>
        <option value="">All kinds</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {humanise(kind)}
          </option>
        ))}
      </select>
    </div>
  );
}
