import { PersonStanding, ScanLine, Tag } from "lucide-react";
import { useKept, useKeys } from "../shell/hooks";
import type { Layers } from "./overlay";

const CHOICES = [
  { layer: "boxes", word: "Boxes", key: "b", icon: ScanLine },
  { layer: "skeletons", word: "Skeletons", key: "s", icon: PersonStanding },
  { layer: "ids", word: "Track ids", key: "i", icon: Tag },
] as const;

const ALL: Layers = { boxes: true, skeletons: true, ids: true };

/** Which layers to draw, kept in this browser, with B, S and I as keys. */
export function useLayers(): [Layers, (layers: Layers) => void] {
  const [layers, keep] = useKept<Layers>("layers", ALL);
  useKeys(Object.fromEntries(CHOICES.map(({ layer, key }) => [key, () => keep({ ...layers, [layer]: !layers[layer] })])));
  return [layers, keep];
}

export function LayerSwitches({ layers, onChange }: { layers: Layers; onChange: (layers: Layers) => void }) {
  return (
    <div className="switches" role="group" aria-label="Drawn over the picture">
      {CHOICES.map(({ layer, word, key, icon: Icon }) => (
        <button
          key={layer}
          type="button"
          className="switch"
          aria-pressed={layers[layer]}
          aria-keyshortcuts={key}
          title={`${word} (${key.toUpperCase()})`}
          onClick={() => onChange({ ...layers, [layer]: !layers[layer] })}
        >
          <Icon size={16} aria-hidden="true" />
          <span>{word}</span>
        </button>
      ))}
    </div>
  );
}
