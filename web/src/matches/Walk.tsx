import type { Lead } from "../watchlist/endpoints";
import { t } from "./texts";

export type Gait = NonNullable<Lead["gait"]>;

const REASONS: Readonly<Record<string, () => string>> = {
  "not calibrated": () => t("notCalibrated"),
  "poorly seen": () => t("poorlySeen"),
  "no walk": () => t("noWalk"),
  "below the threshold": () => t("belowTheThreshold"),
  "another entry is nearer": () => t("anotherEntryIsNearer"),
  "too few frames": () => t("tooFewFrames"),
  "too few frames a second": () => t("tooFewFramesASecond"),
  "not seen for too long": () => t("notSeenForTooLong"),
  "too many joints hidden": () => t("tooManyJointsHidden"),
  "no numbers": () => t("noNumbers"),
};

/** What the walk says of a lead, and how little that is. */
export function WalkSaid({ gait }: { gait: Gait }) {
  const { cadence_steps_per_min: cadence, stride_length_m: stride, speed_m_per_s: speed } = gait.features as Partial<Record<string, number | null>>;
  const { seconds } = gait.quality as { seconds?: number };
  const seen = [typeof cadence === "number" ? t("cadence", { value: cadence.toFixed(0) }) : "", typeof stride === "number" ? t("stride", { value: stride.toFixed(2) }) : "", typeof speed === "number" ? t("speed", { value: speed.toFixed(1) }) : "", typeof seconds === "number" ? t("secondsSeen", { value: seconds.toFixed(1) }) : ""].filter(Boolean);
  return (
    <>
      {verdictSentence(gait)} {gait.gait_score !== null && gait.threshold !== null && <small>{t("walkScore", { value: gait.gait_score.toFixed(3), value2: gait.threshold.toFixed(3) })}</small>}
      {seen.length > 0 && <small> {seen.join(", ")}.</small>}
      <small className="quiet"> {t("walkLimits")}</small>
    </>
  );
}

export function verdictSentence({ verdict, reason, searched }: Pick<Gait, "verdict" | "reason" | "searched">): string {
  if (verdict === "supports") return searched > 1 ? t("walkSupports", { count: searched - 1 }) : t("walkSupportsAlone");
  return t(verdict === "unknown" ? "walkUnknown" : "walkNoResult", { reason: REASONS[reason]?.() ?? reason });
}

/** Of several leads of one track those that the walk supports come first; all others stay where they are. */
export function byTrack(leads: readonly Lead[]): Lead[] {
  const supported = (lead: Lead) => lead.gait?.verdict === "supports";
  const same = (one: Lead, other: Lead) => one.camera_id === other.camera_id && one.captured_at === other.captured_at;
  return [...leads].sort((one, other) => (same(one, other) ? Number(supported(other)) - Number(supported(one)) : 0));
}
