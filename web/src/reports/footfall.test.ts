import { expect, it } from "vitest";
import { aDay } from "./footfall";

it("counts days without anybody in the average", () => {
  const seen = [{ hour: 9, people: 30 }, { hour: 9, people: 5 }, { hour: 17, people: 1 }];
  const average = aDay(seen, 7);
  expect([average[9], average[17], average[3], average.length]).toEqual([5, 0.1, 0, 24]);
});
