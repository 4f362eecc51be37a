import { afterEach, expect, it, vi } from "vitest";
import { Bell, bell, MELODIES, openSound, QUIET_MS } from "./sound";

afterEach(() => vi.unstubAllGlobals());

it("sounds by threat, once for a burst, at once for a higher one, and only where it is wanted", () => {
  const heard: unknown[] = [];
  const bell = new Bell((notes) => heard.push(notes));
  expect([bell.ring("medium", "off", 0), bell.ring("medium", "high", 0), bell.ring("medium", "all", 0)]).toEqual([false, false, true]);
  expect([bell.ring("medium", "all", 500), bell.ring("low", "all", 600), bell.ring("high", "all", 700), bell.ring("high", "all", 800)]).toEqual([false, false, true, false]);
  expect(bell.ring("low", "all", 700 + QUIET_MS)).toBe(true);
  expect(heard).toEqual([MELODIES.medium, MELODIES.high, MELODIES.low]);
});

it("opens the loudspeaker once, in a free moment, with or without a gesture, and never for an alert", () => {
  let opened = 0;
  let resumed = 0;
  const Loudspeaker = class {
    state = "suspended";
    constructor() {
      opened += 1;
    }
    resume() {
      resumed += 1;
      this.state = "running";
      return Promise.resolve();
    }
  };
  vi.stubGlobal("AudioContext", Loudspeaker);
  const page = new EventTarget();
  const free: (() => void)[] = [];
  openSound(page, (work) => free.push(work));
  page.dispatchEvent(new Event("keydown"));
  bell.ring("high", "all", 0);
  expect([opened, free.length]).toEqual([0, 1]);
  free.forEach((work) => work());
  free.forEach((work) => work());
  expect([opened, resumed]).toEqual([1, 0]);
  page.dispatchEvent(new Event("pointerdown"));
  page.dispatchEvent(new Event("keydown"));
  page.dispatchEvent(new Event("keydown"));
  expect([opened, resumed]).toEqual([1, 1]);
});
