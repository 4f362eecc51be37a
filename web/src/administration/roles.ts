/** The roles in words, in the order of what they allow. */
import type { Role } from "../api/types";
import { humanise } from "../text/format";
import { t } from "./texts";

export const ROLES: readonly Role[] = [
  "viewer",
  "operator",
  "investigator",
  "enroller",
  "approver",
  "store-manager",
  "chain-administrator",
  "auditor",
  "model-engineer",
  "platform-operator",
];

const WORDS: Record<Role, string> = {
  get viewer() { return t("watchesLivePicturesAndReadsAlerts"); },
  get operator() { return t("watchesAndHandlesAlerts"); },
  get investigator() { return t("handlesAlertsAndSearchesWhatThe"); },
  get enroller() { return t("proposesEntriesForListsWatchesNothing"); },
  get approver() { return t("decidesOnProposedEntriesWatchesNothing"); },
  get "store-manager"() { return t("runsAStoreCamerasRulesIts"); },
  get "chain-administrator"() { return t("everythingInEveryStoreAlsoSign"); },
  get auditor() { return t("readsSettingsAlertsAndTheAudit"); },
  get "model-engineer"() { return t("readsDetectionsAndRulesToJudge"); },
  get "platform-operator"() { return t("keepsCamerasAndWorkersRunningWithout"); },
};

const NAMES: Record<Role, string> = {
  get viewer() { return t("roleViewer"); },
  get operator() { return t("roleOperator"); },
  get investigator() { return t("roleInvestigator"); },
  get enroller() { return t("roleEnroller"); },
  get approver() { return t("roleApprover"); },
  get "store-manager"() { return t("roleStoreManager"); },
  get "chain-administrator"() { return t("roleChainAdministrator"); },
  get auditor() { return t("roleAuditor"); },
  get "model-engineer"() { return t("roleModelEngineer"); },
  get "platform-operator"() { return t("rolePlatformOperator"); },
};

/** "Store manager". */
export const roleName = (role: string) => NAMES[role as Role] ?? humanise(role);

/** What a role is for; "" for one that this page does not know. */
export const roleWords = (role: string) => WORDS[role as Role] ?? "";
