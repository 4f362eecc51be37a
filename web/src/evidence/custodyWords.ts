/** Custody and exports in words. Pure. */
import { humanise } from "../text/format";
import type { ExportMade } from "./endpoints";
import { t } from "./texts";

const ACTS: Record<string, string> = {
  get "asked-for"() { return t("askedFor"); },
  get registered() { return t("storedAndItsHashCompared"); },
  get played() { return t("lookedAt"); },
  get held() { return t("putOnLegalHold"); },
  get released() { return t("legalHoldLifted"); },
  get "export-asked-for"() { return t("exportAskedFor"); },
  get exported() { return t("exportMade"); },
  get fetched() { return t("exportFetched"); },
  get previewed() { return t("previewOfAnExportLookedAt"); },
  get "erasure-asked"() { return t("itsErasureAskedForByWhom"); },
  get deleted() { return t("deleted"); },
  get missing() { return t("foundMissingFromTheStore"); },
};

export const custodyWords = (act: string) => ACTS[act] ?? humanise(act);

type Told = [words: string, tone: "good" | "ending" | "bad" | "plain"];
export const EXPORT_WORDS: Record<ExportMade["state"], Told> = {
  get waiting(): Told { return [t("waits"), "ending"]; },
  get making(): Told { return [t("beingMade"), "ending"]; },
  get ready(): Told { return [t("ready"), "good"]; },
  get failed(): Told { return [t("failed"), "bad"]; },
  get ended(): Told { return [t("over"), "plain"]; },
};

export const isBeingMade = (state: ExportMade["state"]) => state === "waiting" || state === "making";

const PIECES: Record<string, string> = { get clip() { return t("clip"); }, get still() { return t("still"); }, get recording() { return t("recording2"); }, get playback() { return t("playback"); } };

export const pieceName = (type: string) => PIECES[type] ?? humanise(type);
