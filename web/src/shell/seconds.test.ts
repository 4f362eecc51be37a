import { afterEach, expect, it, vi } from "vitest";
import { everySecond } from "./seconds";

afterEach(() => void vi.useRealTimers());

it("one timer tells all who listen, and ends with the last of them", () => {
  vi.useFakeTimers();
  const heard = [vi.fn(), vi.fn()] as const;
  const leave = heard.map(everySecond);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(2_000);
  leave[0]?.();
  vi.advanceTimersByTime(1_000);
  expect(heard.map((each) => each.mock.calls.length)).toEqual([2, 3]);
  leave[1]?.();
  expect(vi.getTimerCount()).toBe(0);
});
