/** How figures of models are written. */
import { t } from "./texts";

/** 0.25 -> "25 %"; a small share keeps one digit. */
export function share(of: number): string {
  const percent = of * 100;
  return `${percent !== 0 && percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}

/** A mean in 0..1 or a shift, or a dash where there is none. */
export function figure(value: number | null, signed = false): string {
  if (value === null) return "–";
  return `${signed && value > 0 ? "+" : ""}${value.toFixed(3)}`;
}

/** "26 → 31 ms". */
export function change(before: number | null, after: number | null): string {
  if (before === null || after === null) return "–";
  return t("ms", { before: Math.round(before), after: Math.round(after) });
}

/** Who found somebody whom the other did not: the caption of a disagreement. */
export function differs(onlyInUse: number, onlyNew: number, likeness: number): string {
  const parts = [];
  if (onlyInUse > 0) parts.push(t("foundByTheVersionInUse", { onlyInUse }));
  if (onlyNew > 0) parts.push(t("foundByTheNewOneAlone", { onlyNew }));
  if (parts.length === 0) parts.push(t("keypointsAlikeTo", { value: likeness.toFixed(2) }));
  return parts.join(", ");
}
