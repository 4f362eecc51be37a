import { ChevronUp, ChevronsUp, Minus } from "lucide-react";
import type { Threat } from "../api/types";
import { THREAT_WORDS } from "../text/format";
import { t } from "./texts";

const ICONS = { high: ChevronsUp, medium: ChevronUp, low: Minus } as const;

/** Threat by shape, word and colour, so that colour is never the only sign. */
export function ThreatMark({ threat, word = false }: { threat: Threat; word?: boolean }) {
  const Icon = ICONS[threat];
  return (
    <span className="threat" data-threat={threat} title={t("threat", { threatWords: THREAT_WORDS[threat] })}>
      <Icon size={16} strokeWidth={2.75} aria-hidden="true" />
      <span className={word ? undefined : "visually-hidden"}>{THREAT_WORDS[threat]}</span>
    </span>
  );
}
