/** The roles in words, in the order of what they allow. */
import type { Role } from "../api/types";
import { humanise } from "../text/format";

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
  viewer: "Watches live pictures and reads alerts.",
  operator: "Watches, and handles alerts.",
  investigator: "Handles alerts and searches what the cameras saw.",
  enroller: "Proposes entries for lists. Watches nothing live.",
  approver: "Decides on proposed entries. Watches nothing live.",
  "store-manager": "Runs a store: cameras, rules, its people, its keys, its site policy, and who did what in it.",
  "chain-administrator": "Everything, in every store: also sign-in rules, regions, approvals and the audit.",
  auditor: "Reads settings, alerts and the audit. Sees no live picture and changes nothing.",
  "model-engineer": "Reads detections and rules, to judge how well they work.",
  "platform-operator": "Keeps cameras and workers running without watching people.",
};

/** "Store manager". */
export const roleName = (role: string) => humanise(role);

/** What a role is for; "" for one that this page does not know. */
export const roleWords = (role: string) => WORDS[role as Role] ?? "";
