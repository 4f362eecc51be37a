/** Redaction in words, and who is on a piece. Pure. */
import type { Boxes, Redaction } from "./endpoints";
import { t } from "./texts";

export const REDACTION_WORDS: Record<Redaction, string> = {
  get bodies() { return t("everybodyElseWhole"); },
  get faces() { return t("everybodyElseSFace"); },
  get everyone() { return t("everybody"); },
  get none() { return t("nobody"); },
};

/** Track ids, those first whom the alert is about, then those seen in most pictures. */
export function seenMost({ subjects, frames }: Pick<Boxes, "subjects" | "frames">, most: number): string[] {
  const seen = new Map<string, number>();
  for (const { persons } of frames) for (const [track] of persons) seen.set(String(track), (seen.get(String(track)) ?? 0) + 1);
  const ranked = [...seen.entries()].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([track]) => track);
  return [...ranked.filter((track) => subjects.includes(track)), ...ranked.filter((track) => !subjects.includes(track))].slice(0, most);
}
