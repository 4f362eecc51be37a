import type { Gap, Revision, Standing, Switch } from "./endpoints";
import { t } from "./texts";

export const SWITCHES: readonly Switch[] = ["face", "gait", "re_identification"];

export const SWITCH_WORDS: Record<Switch, { name: string; what: string }> = {
  face: { get name() { return t("faceComparison"); }, get what() { return t("comparesFacesWithAListOf"); } },
  gait: { get name() { return t("gaitComparison"); }, get what() { return t("comparesTheWayPeopleWalkWhat"); } },
  re_identification: { get name() { return t("followingAcrossCameras"); }, get what() { return t("worksOutWhichCamerasOnePersonPassed"); } },
};

export const CAUSE_WORDS: Record<Revision["cause"], string> = {
  get install() { return t("setUpWithEverythingOff"); },
  get approved() { return t("approvedByASecondPerson"); },
  get "switched-off"() { return t("switchedOff"); },
  get jurisdiction() { return t("switchedOffTheStoreMoved"); },
  get lapsed() { return t("switchedOffByPennyprotectSomethingLapsed"); },
  get demo() { return t("demonstration"); },
};

/** "Face comparison, Gait comparison", "Nothing". */
export function named(on: Record<Switch, boolean>): string {
  return SWITCHES.filter((each) => on[each]).map((each) => SWITCH_WORDS[each].name).join(", ") || t("nothing");
}

/** Gaps that several switches share are told once. */
export function distinct(gaps: readonly Gap[]): Gap[] {
  return gaps.filter((gap, index) => gaps.findIndex((other) => other.field === gap.field && other.why === gap.why) === index);
}

/** The switches that the steps are about: those proposed or on, else the one that lacks least. */
export function concerned(policy: Pick<Standing, "current" | "proposal" | "missing">): Switch[] {
  const { switches } = policy.proposal ?? policy.current;
  const on = SWITCHES.filter((each) => switches[each]);
  if (on.length) return on;
  const lacks = (each: Switch) => policy.missing.filter((gap) => gap.switch === each).length;
  return [...SWITCHES].sort((a, b) => lacks(a) - lacks(b)).slice(0, 1);
}

/** Today as a date input takes it, in the browser's time zone. */
export function today(): string {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
}
