import { expect, it } from "vitest";
import type { Delivery } from "./endpoints";
import { occasion, quietWords, remark, tone, toldOf, toldWords } from "./words";

const plain: Delivery = {
  id: "1", store_id: null, channel_id: "2", channel_name: "Duty", kind: "sms", hint: "+15…006", occasion: "alert-raised", threat: "high",
  subject_id: null, state: "queued", waits: "retry", repeated: true, attempts: 3, merged: 1, merged_into: null, next_at: null, tried_at: null,
  provider_id: null, reason: "It answered 500.", created_at: "2026-11-25T12:00:00Z", changed_at: "2026-11-25T12:00:00Z",
};

it("a line of the log says why it waits and that it may be a repetition", () => {
  expect(remark(plain)).toBe("to be tried again, 3 so far; It answered 500; an earlier try may have arrived");
  expect(remark({ ...plain, waits: "quiet-hours", reason: "", repeated: false })).toBe("for the end of quiet hours");
  expect(remark({ ...plain, state: "sent", reason: "", repeated: false })).toBe("");
  expect(occasion({ occasion: "alert-raised", merged: 4 })).toBe("4 notifications in one");
});

it("what a person should look at stands out", () => {
  expect([tone("sent"), tone("dead"), tone("uncertain"), tone("checking"), tone("merged")]).toEqual(["good", "bad", "bad", "ending", "plain"]);
});

it("what a channel is told is chosen line by line", () => {
  const both = toldOf(["alert-raised", "alert-escalated"], ["match-confirmed"], true);
  expect(toldWords(both)).toBe("alerts, confirmed leads");
  expect(toldOf(both, ["alert-raised", "alert-escalated"], false)).toEqual(["match-confirmed"]);
});

it("quiet hours in words", () => {
  expect(quietWords(null)).toBe("at any hour");
  expect(quietWords({ starts: "22:00:00", ends: "06:00:00", timezone: "UTC", threat: "high" })).toBe("quiet 22:00–06:00, except high threat");
});
