/** Custody and exports in words. Pure. */
import { humanise } from "../text/format";
import type { ExportMade } from "./endpoints";

const ACTS: Record<string, string> = {
  "asked-for": "Asked for",
  registered: "Stored, and its hash compared",
  played: "Looked at",
  held: "Put on legal hold",
  released: "Legal hold lifted",
  "export-asked-for": "Export asked for",
  exported: "Export made",
  fetched: "Export fetched",
  previewed: "Preview of an export looked at",
  "erasure-asked": "Its erasure asked for by whom it shows",
  deleted: "Deleted",
  missing: "Found missing from the store",
};

export const custodyWords = (act: string) => ACTS[act] ?? humanise(act);

export const EXPORT_WORDS: Record<ExportMade["state"], [words: string, tone: "good" | "ending" | "bad" | "plain"]> = {
  waiting: ["waits", "ending"],
  making: ["being made", "ending"],
  ready: ["ready", "good"],
  failed: ["failed", "bad"],
  ended: ["over", "plain"],
};
