import { describe, expect, it } from "vitest";
import { facts, headline } from "./explain";

const loitering = { dwell_s: 74.2, dwell_threshold_s: 60, time_span_s: 77.4, radius_body_heights: 0.62, radius_threshold_body_heights: 1 };

describe("headline", () => {
  it.each([
    ["loitering", loitering, null, "A person stayed in one place for 1 min 14 s, longer than the 1 min allowed"],
    ["loitering", { dwell_s: 31 }, "Till area", "A person stayed in Till area for 31 s"],
    ["loitering", {}, null, "A person stays in one place"],
    ["camera-offline", { reason: "No packet for 60 s" }, null, "No packet for 60 s"],
    ["falling", { down_s: 2.1 }, null, "A person went down fast and has lain there for 2 s"],
    ["floor", { lies_s: 65 }, "Aisle 3", "A person lies on the floor in Aisle 3, for 1 min 05 s"],
    ["running", { lasted_s: 1.6 }, null, "A person runs, for 2 s"],
    ["fighting", { blows: 4, window_s: 3.9 }, null, "4 blows between people close to each other within 4 s"],
    ["entry", { inside_s: 1.2 }, "Stock room", "A person is in Stock room, for 1 s"],
    ["crossing", { direction: "with-the-arrow" }, "Exit", "A person went over Exit"],
    ["crossing", { direction: "against-the-arrow" }, null, "A person went over the line, against its arrow"],
    ["crowding", { people: 7, lasted_s: 12 }, "Entrance", "7 people at once in Entrance, for 12 s"],
    ["queue", { people: 4, longest_wait_s: 65 }, "Till 2", "4 people wait in Till 2, the longest for 1 min 05 s"],
    ["reaching", { lasted_s: 0.9 }, "Spirits", "A hand reaches into Spirits, for 1 s"],
    ["fall-down", {}, null, "Fall down"],
  ])("%s %j", (kind, values, zone, sentence) => expect(headline(kind, values, zone)).toBe(sentence));
});

it("gives every value a name and a unit, and leaves out what cannot be said", () => {
  expect(facts({ ...loitering, speed_m: 1.234, flagged: true, nested: { a: 1 }, none: null })).toEqual([
    { name: "Stayed", value: "1 min 14 s" },
    { name: "Allowed", value: "1 min" },
    { name: "From first to last seen", value: "1 min 17 s" },
    { name: "Moved within", value: "0.62 body heights" },
    { name: "Counts as one place", value: "1 body height" },
    { name: "Speed", value: "1.23 m" },
    { name: "Flagged", value: "yes" },
  ]);
});
