import { describe, expect, it } from "vitest";
import type { AlertRaised, ServerMessage } from "./messages";
import { compareIds, Subscriptions } from "./subscriptions";

function makeRaised(id: string, storeId = "s1"): AlertRaised {
  return { type: "alert-raised", id, store_id: storeId, alert: { id: `alert-${id}`, camera_id: "c1", kind: "loitering", state: "raised" } };
}

describe("Subscriptions", () => {
  it("tells a fresh connection everything, and resumes where it stopped", () => {
    const wanted = new Subscriptions();
    wanted.joinStore("s1");
    wanted.watchCamera("c1");
    expect(wanted.unread()).toEqual(["s1"]);
    expect(wanted.opened()).toEqual([
      { type: "join-store", store_id: "s1" },
      { type: "subscribe-camera", camera_id: "c1" },
    ]);
    expect(wanted.isNews(makeRaised("100-0"))).toBe(true);
    expect(wanted.unread()).toEqual([]);
    expect(wanted.opened()).toEqual([
      { type: "resume", store_id: "s1", last_id: "100-0" },
      { type: "subscribe-camera", camera_id: "c1" },
    ]);
  });

  it("takes each store message once, whatever overlaps after a resume", () => {
    const wanted = new Subscriptions();
    wanted.joinStore("s1");
    const taken = ["100-0", "100-1", "100-0", "100-1", "101-0"].filter((id) => wanted.isNews(makeRaised(id)));
    expect(taken).toEqual(["100-0", "100-1", "101-0"]);
  });

  it("keeps stores apart, and hears nothing of one that was left", () => {
    const wanted = new Subscriptions();
    wanted.joinStore("s1");
    wanted.joinStore("s2");
    expect(wanted.isNews(makeRaised("200-0", "s2"))).toBe(true);
    expect(wanted.isNews(makeRaised("100-0", "s1"))).toBe(true);
    expect(wanted.leaveStore("s2")).toEqual([{ type: "leave-store", store_id: "s2" }]);
    expect(wanted.isNews(makeRaised("300-0", "s2"))).toBe(false);
  });

  it("goes on after a gap from its end", () => {
    const wanted = new Subscriptions();
    wanted.joinStore("s1");
    wanted.isNews(makeRaised("100-0"));
    const gap: ServerMessage = { type: "gap", from: "100-0", to: "500-0" };
    expect(wanted.isNews(gap)).toBe(true);
    expect(wanted.opened()).toContainEqual({ type: "resume", store_id: "s1", last_id: "500-0" });
  });

  it("subscribes a camera once for many watchers, and leaves with the last", () => {
    const wanted = new Subscriptions();
    expect(wanted.watchCamera("c1")).toHaveLength(1);
    expect(wanted.watchCamera("c1")).toEqual([]);
    expect(wanted.unwatchCamera("c1")).toEqual([]);
    expect(wanted.unwatchCamera("c1")).toEqual([{ type: "unsubscribe-camera", camera_id: "c1" }]);
    expect(wanted.unwatchCamera("c1")).toEqual([]);
  });

  it("asks again for what was denied, as long as it is wanted", () => {
    const wanted = new Subscriptions();
    const deny = (cameraId: string | null, storeId: string | null) => wanted.again({ type: "denied", for: "", reason: "", camera_id: cameraId, store_id: storeId });
    wanted.joinStore("s1");
    wanted.watchCamera("c1");
    expect(deny(null, "s1")).toEqual([{ type: "join-store", store_id: "s1" }]);
    wanted.isNews(makeRaised("100-0"));
    expect(deny(null, "s1")).toEqual([{ type: "resume", store_id: "s1", last_id: "100-0" }]);
    expect(deny("c1", null)).toEqual([{ type: "subscribe-camera", camera_id: "c1" }]);
    expect([...deny("c2", null), ...deny(null, "s2"), ...deny(null, null)]).toEqual([]);
  });

  it("lets live messages without an id pass", () => {
    const result: ServerMessage = { type: "analysis-result", camera_id: "c1", captured_at: "", frame: { width: 1, height: 1 }, persons: [] };
    expect(new Subscriptions().isNews(result)).toBe(true);
  });
});

describe("compareIds", () => {
  it.each([
    ["1-0", "1-0", 0],
    ["1-2", "1-10", -1],
    ["9-0", "10-0", -1],
    ["1732312800123-1", "1732312800123-0", 1],
    ["7", "12", -1],
    ["18446744073709551615-1", "18446744073709551614-9", 1],
  ])("%s and %s", (a, b, expected) => expect(compareIds(a, b)).toBe(expected));
});
