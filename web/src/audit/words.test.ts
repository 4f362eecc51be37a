import { expect, it } from "vitest";
import { ACTS } from "../api/acts";
import type { AuditAct } from "../api/types";
import { done, told, what, whole } from "./words";
import { languageChoice } from "../text/language";

it("an act reads as a sentence", () => {
  expect(done("camera-created")).toBe("created camera");
  expect(done("sign-photo-added")).toBe("added sign photo");
  expect(done("live-view")).toBe("watched live");
});

it("what it was done to is named once", () => {
  const about = (act: string, subject_kind: string) => what({ act, subject_kind, subject_id: "01a216db-b134-736b-928b-57ee99f662a6", subject_name: null } as AuditAct);
  expect(about("sign-photo-added", "sign-photo")).toBe("99f662a6");
  expect(about("acceptance-test-recorded", "acceptance-test")).toBe("acceptance test 99f662a6");
  expect(about("jurisdiction-changed", "site-policy")).toBe("the site policy");
});

it("no act begins with a word that belongs at its end", () => {
  expect(ACTS.filter((act) => /^(for|again|back|off|in|out)\b/.test(done(act)))).toEqual([]);
});

it("details read as facts", () => {
  expect(told({ switches: ["face", "gait"], second_factor: false, roles: { from: [], to: ["viewer"] }, reason: "" })).toEqual([
    ["Switches", "face, gait"],
    ["Second factor", "no"],
    ["Roles", "from –, to viewer"],
    ["Reason", "–"],
  ]);
});

it("claims no more than was compared", () => {
  expect(whole({ verified_rows: 812, verified_anchors: 3 }, "1 hour ago")).toBe("Nothing up to entry 812 was changed afterwards: checked 1 hour ago, and 3 fingerprints kept outside the database agree.");
  expect(whole({ verified_rows: 812, verified_anchors: 1 }, "now")).toContain("1 fingerprint kept outside the database agrees");
  expect(whole({ verified_rows: 812, verified_anchors: 0 }, "now")).toMatch(/up to entry 812\. Nothing kept outside the database was compared/);
});

it("tells acts in Spanish, and one without words as in English", () => {
  languageChoice.set("es");
  expect([done("camera-created"), done("audit-read"), done("thing-invented")]).toEqual(["añadió la cámara", "leyó la auditoría", "invented thing"]);
  languageChoice.set("en");
  expect(done("camera-created")).toBe("created camera");
});
