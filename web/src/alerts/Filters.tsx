import { useAlerts } from "./alerts";
import { SHOWN_WORDS, THREATS, type Filter, type Shown } from "./filter";
import { useCameras } from "../cameras/cameras";
import type { Threat } from "../api/types";
import { THREAT_WORDS } from "../text/format";
import { kindName, KINDS } from "../text/kinds";
import { t } from "./texts";

export function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { list } = useCameras();
  const { state } = useAlerts();
  const kinds = [...new Set<string>([...KINDS, ...[...state.byId.values()].map(({ kind }) => kind), ...(filter.kind ? [filter.kind] : [])])];
  return (
    <div className="filters">
      <div className="segments" role="group" aria-label={t("state")}>
        {(Object.keys(SHOWN_WORDS) as Shown[]).map((shown) => (
          <button key={shown} type="button" aria-pressed={filter.shown === shown} onClick={() => onChange({ ...filter, shown })}>
            {SHOWN_WORDS[shown]}
          </button>
        ))}
      </div>
      <select aria-label={t("camera")} value={filter.cameraId ?? ""} onChange={(event) => onChange({ ...filter, cameraId: event.target.value || null })}>
        <option value="">{t("allCameras")}</option>
        {list.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label={t("kind")} value={filter.kind ?? ""} onChange={(event) => onChange({ ...filter, kind: event.target.value || null })}>
        <option value="">{t("allKinds")}</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {kindName(kind)}
          </option>
        ))}
      </select>
      <select aria-label={t("threatFilter")} value={filter.threat ?? ""} data-testid="filter-threat" onChange={(event) => onChange({ ...filter, threat: (event.target.value || null) as Threat | null })}>
        <option value="">{t("allThreats")}</option>
        {THREATS.map((threat) => (
          <option key={threat} value={threat}>
            {THREAT_WORDS[threat]}
          </option>
        ))}
      </select>
    </div>
  );
}
