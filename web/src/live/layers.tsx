import { PersonStanding, Route, ScanLine, Tag } from "lucide-react";
import { useMemo } from "react";
import { useKept, useKeys } from "../shell/hooks";
import type { Layers } from "./overlay";
import { t } from "./texts";

const CHOICES = [
  { layer: "boxes", key: "b", icon: ScanLine },
  { layer: "skeletons", key: "s", icon: PersonStanding },
  { layer: "ids", key: "i", icon: Tag },
  { layer: "trails", key: "r", icon: Route },
] as const;

const ALL: Layers = { boxes: true, skeletons: true, ids: true, trails: false };

/** Which layers to draw, kept in this browser, with B, S, I and R as keys. */
export function useLayers(): [Layers, (layers: Layers) => void] {
  const [kept, keep] = useKept<Partial<Layers>>("layers", ALL);
  const layers = useMemo(() => ({ ...ALL, ...kept }), [kept]);
  useKeys(Object.fromEntries(CHOICES.map(({ layer, key }) => [key, () => keep({ ...layers, [layer]: !layers[layer] })])));
  return [layers, keep];
}

export function LayerSwitches({ layers, onChange }: { layers: Layers; onChange: (layers: Layers) => void }) {
  return (
    <div className="switches" role="group" aria-label={t("layers")}>
      {CHOICES.map(({ layer, key, icon: Icon }) => (
        <button
          key={layer}
          type="button"
          className="switch"
          aria-pressed={layers[layer]}
          aria-keyshortcuts={key}
          title={`${t(layer)} (${key.toUpperCase()})`}
          onClick={() => onChange({ ...layers, [layer]: !layers[layer] })}
        >
          <Icon size={16} aria-hidden="true" />
          <span>{t(layer)}</span>
        </button>
      ))}
    </div>
  );
}
