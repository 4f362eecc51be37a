/** What an alert sounds like, by its threat; off, for high threats only, or for all, as this browser's user chose. */
import type { Threat } from "../api/types";
import { Choice } from "../text/choice";

export type Sounds = "off" | "high" | "all";
export const soundChoice = new Choice<Sounds>("sound", ["off", "high", "all"], () => "all");

interface Note {
  hertz: number;
  /** Seconds after the first. */
  at: number;
  lasts: number;
}

/** More notes, higher and longer, the higher the threat: they differ without looking. */
export const MELODIES: Record<Threat, readonly Note[]> = {
  low: [{ hertz: 440, at: 0, lasts: 0.12 }],
  medium: [{ hertz: 523, at: 0, lasts: 0.14 }, { hertz: 659, at: 0.18, lasts: 0.18 }],
  high: [{ hertz: 784, at: 0, lasts: 0.16 }, { hertz: 1047, at: 0.2, lasts: 0.16 }, { hertz: 784, at: 0.4, lasts: 0.16 }, { hertz: 1047, at: 0.6, lasts: 0.3 }],
};
const RANK: Record<Threat, number> = { low: 0, medium: 1, high: 2 };
/** A burst of alerts is heard once; one of a higher threat is heard at once. */
export const QUIET_MS = 3_000;

export class Bell {
  private rang: { atMs: number; threat: Threat } | null = null;

  constructor(private readonly play: (notes: readonly Note[]) => void) {}

  /** Whether it sounded. */
  ring(threat: Threat, wanted: Sounds, nowMs: number): boolean {
    if (wanted === "off" || (wanted === "high" && threat !== "high")) return false;
    if (this.rang && nowMs - this.rang.atMs < QUIET_MS && RANK[threat] <= RANK[this.rang.threat]) return false;
    this.rang = { atMs: nowMs, threat };
    this.play(MELODIES[threat]);
    return true;
  }
}

let context: AudioContext | null = null;
const ALLOWED_WITHIN_MS = 300;
const GESTURES = ["pointerdown", "keydown"] as const;

/**
 * Opens the loudspeaker when the page has nothing else to do: opening takes a tenth of a second of it, and no alert of a storm may be held up by
 * that. Most browsers let it sound from the first click or key on, a wall's may without one. Returns what ends the waiting for those.
 */
export function openSound(page: EventTarget = window, whenFree: (work: () => void) => void = inAFreeMoment): () => void {
  const end = () => GESTURES.forEach((gesture) => page.removeEventListener(gesture, wake));
  const wake = () => {
    // Safari only lets a gesture itself wake what was opened between two.
    if (context?.state === "suspended") void context.resume().catch(() => undefined);
    else if (context) end();
  };
  GESTURES.forEach((gesture) => page.addEventListener(gesture, wake));
  if ("AudioContext" in globalThis) whenFree(() => (context ??= new AudioContext()));
  return end;
}

const A_MOMENT_MS = 200;
const LATEST_MS = 2_000;

function inAFreeMoment(work: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(work, { timeout: LATEST_MS });
  else setTimeout(work, A_MOMENT_MS);
}

/** Silent until the browser allows sound; what was not heard then is not heard later. */
export const bell = new Bell((notes) => void sound(notes).catch(() => undefined));

async function sound(notes: readonly Note[]): Promise<void> {
  if (context === null) return;
  if (context.state !== "running") await Promise.race([context.resume(), new Promise((go) => setTimeout(go, ALLOWED_WITHIN_MS))]);
  if (context.state !== "running") return;
  for (const { hertz, at, lasts } of notes) {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    const begins = context.currentTime + at;
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.0001, begins);
    loudness.gain.exponentialRampToValueAtTime(0.25, begins + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, begins + lasts);
    tone.connect(loudness).connect(context.destination);
    tone.start(begins);
    tone.stop(begins + lasts + 0.02);
  }
}
