import { describe, expect, it } from "vitest";
import type { Alert } from "../api/types";
import { actionsFor, begun, ended, grouped, heard, inOrder, MOST_ALERTS, NO_ALERTS, openCount, received, shownState } from "./alertState";

function makeAlert(change: Partial<Alert> = {}): Alert {
  return {
    id: "a1", store_id: "s1", camera_id: "c1", zone_id: null, kind: "loitering", threat: "medium", state: "raised", score: 0.6, threshold: 0.5,
    explanation: {}, track_ids: ["1"], epoch: 1, started_at: at(0), ended_at: at(60), raised_at: at(60), changed_at: at(60),
    claimed_by: null, claimed_at: null, acknowledged_by: null, acknowledged_at: null, resolved_by: null, resolved_at: null, outcome: null,
    occurrences: 1, waiting_since: at(60), escalation_level: "store", escalated_to: [], escalated_by: null, escalated_at: null,
    snoozed_by: null, snoozed_until: null, snooze_reason: null, revision: 0, group_id: null, second_look: null, ...change,
  };
}

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22, 10, 0, seconds)).toISOString();

describe("optimistic actions", () => {
  const raised = received(NO_ALERTS, [makeAlert()]);
  const acting = begun(raised, "a1", "acknowledge");
  const alert = acting.byId.get("a1") as Alert;

  it("show the expected state at once, and the server's after", () => {
    expect(shownState(acting, alert)).toBe("acknowledged");
    expect(alert.state).toBe("raised");
    const done = ended(acting, "a1", makeAlert({ state: "acknowledged", changed_at: at(70) }));
    expect(done.pending.size).toBe(0);
    expect(done.byId.get("a1")?.state).toBe("acknowledged");
  });

  it("fall back with a sentence when refused, which the next try clears", () => {
    const refused = ended(acting, "a1", "rosa has it.");
    expect(shownState(refused, alert)).toBe("raised");
    expect(refused.failed.get("a1")).toBe("rosa has it.");
    expect(begun(refused, "a1", "claim").failed.size).toBe(0);
  });
});

describe("news", () => {
  it("completes a known alert", () => {
    const state = heard(received(NO_ALERTS, [makeAlert()]), { id: "a1", camera_id: "c1", kind: "loitering", state: "claimed", changed_at: at(90) });
    expect(state?.byId.get("a1")).toMatchObject({ state: "claimed", threat: "medium" });
  });

  it("asks for more when an unknown alert is not told in full", () => {
    expect(heard(NO_ALERTS, { id: "a9", camera_id: "c1", kind: "loitering", state: "raised" })).toBeNull();
    expect(heard(NO_ALERTS, makeAlert({ id: "a9" }))?.byId.has("a9")).toBe(true);
  });

  it("does not let a late page undo a newer change", () => {
    const newer = received(NO_ALERTS, [makeAlert({ state: "resolved", changed_at: at(100) })]);
    expect(received(newer, [makeAlert()]).byId.get("a1")?.state).toBe("resolved");
  });

  it("stays bounded and keeps the newest", () => {
    const many = Array.from({ length: MOST_ALERTS + 50 }, (_, index) => makeAlert({ id: `a${index}`, raised_at: at(index) }));
    const state = received(NO_ALERTS, many);
    expect(state.byId.size).toBe(MOST_ALERTS);
    expect(state.byId.has("a0")).toBe(false);
    expect(inOrder(state.byId.values())[0]?.id).toBe(`a${MOST_ALERTS + 49}`);
  });
});

it("counts what is open, with the highest threat", () => {
  const state = received(NO_ALERTS, [makeAlert({ id: "1", threat: "low" }), makeAlert({ id: "2", threat: "high" }), makeAlert({ id: "3", threat: "high", state: "resolved" })]);
  expect(openCount(state)).toEqual({ count: 2, threat: "high" });
  expect(openCount(begun(state, "2", "acknowledge"))).toEqual({ count: 1, threat: "low" });
  expect(openCount(NO_ALERTS)).toEqual({ count: 0, threat: null });
});

it("offers what makes sense", () => {
  const actions = (change: Partial<Alert>) => actionsFor(makeAlert(change), "me");
  expect(actions({})).toEqual(["acknowledge", "claim", "escalate", "snooze", "resolve"]);
  expect(actions({ state: "claimed", claimed_by: { id: "me", username: "me" }, escalation_level: "operations-centre" })).toEqual(["acknowledge", "snooze", "resolve"]);
  expect(actions({ state: "claimed", claimed_by: { id: "rosa", username: "rosa" } })).toEqual(["claim"]);
  expect(actions({ state: "acknowledged" })).toEqual(["resolve", "reopen"]);
  expect(actions({ state: "resolved" })).toEqual(["reopen"]);
});

it("alerts of a group stand together, where its newest one does", () => {
  const list = [makeAlert({ id: "4", group_id: "1" }), makeAlert({ id: "3", group_id: "3" }), makeAlert({ id: "2", group_id: "1" }), makeAlert({ id: "1", group_id: "1" })];
  expect(grouped(list).map(({ id }) => id)).toEqual(["4", "2", "1", "3"]);
});
