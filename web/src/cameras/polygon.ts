/** Outlines of zones in normalised picture coordinates: checks and edits. Pure. */
import type { Point, ZoneKind } from "../api/types";
import { t } from "./texts";

export const FEWEST_POINTS = 3;
export const MOST_POINTS = 64;
/** A zone smaller than this share of the picture holds no foot point for long. */
const SMALLEST_AREA = 0.0005;

/** A line's length as a share of the picture: shorter ones nobody crosses. */
const SHORTEST_LINE = 0.02;

/** How many points the outline of a zone of that kind has at most. */
export const mostPoints = (kind: ZoneKind): number => (kind === "line" ? 2 : MOST_POINTS);

/** Why `polygon` cannot be a zone of that kind, null when it can. */
export function fault(polygon: readonly Point[], kind: ZoneKind = "area"): string | null {
  if (kind === "line") return lineFault(polygon);
  if (polygon.length < FEWEST_POINTS) return t("aZoneNeedsAtLeastCorners", { fewestPoints: FEWEST_POINTS });
  if (polygon.length > MOST_POINTS) return t("aZoneHasAtMostCorners", { mostPoints: MOST_POINTS });
  if (crossesItself(polygon)) return t("theOutlineCrossesItselfMoveA");
  if (area(polygon) < SMALLEST_AREA) return t("theZoneIsTooSmall");
  return null;
}

function lineFault(points: readonly Point[]): string | null {
  const [from, to] = points;
  if (!from || !to || points.length !== 2) return t("aLineHasTwoEnds");
  return Math.hypot(to[0] - from[0], to[1] - from[1]) < SHORTEST_LINE ? t("theLineIsTooShort") : null;
}

/** The arrow of a line on a picture of that size: from its middle to the right hand of whoever walks from its first point to its second. */
export function arrow(line: readonly Point[], width: number, height: number): { from: Point; to: Point } | null {
  const [a, b] = line;
  if (!a || !b) return null;
  const [alongX, alongY] = [(b[0] - a[0]) * width, (b[1] - a[1]) * height];
  const length = Math.hypot(alongX, alongY);
  if (length === 0) return null;
  const reach = Math.min(length * 0.35, Math.min(width, height) * 0.12);
  const from: Point = [((a[0] + b[0]) / 2) * width, ((a[1] + b[1]) / 2) * height];
  return { from, to: [from[0] - (alongY / length) * reach, from[1] + (alongX / length) * reach] };
}

/** Share of the picture inside the outline. */
export function area(polygon: readonly Point[]): number {
  let twice = 0;
  polygon.forEach(([x, y], index) => {
    const [nextX, nextY] = polygon[(index + 1) % polygon.length] as Point;
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

export function crossesItself(polygon: readonly Point[]): boolean {
  const count = polygon.length;
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 2; j < count; j += 1) {
      if (i === 0 && j === count - 1) continue;
      if (cross(at(polygon, i), at(polygon, i + 1), at(polygon, j), at(polygon, j + 1))) return true;
    }
  }
  return false;
}

/** Inside the picture, to four decimals. */
export function tidy([x, y]: Point): Point {
  return [round(x), round(y)];
}

/** With a corner in the middle of the edge after `index`. */
export function split(polygon: readonly Point[], index: number): Point[] {
  const [x1, y1] = at(polygon, index);
  const [x2, y2] = at(polygon, index + 1);
  return [...polygon.slice(0, index + 1), tidy([(x1 + x2) / 2, (y1 + y2) / 2]), ...polygon.slice(index + 1)];
}

export function moved(polygon: readonly Point[], index: number, to: Point): Point[] {
  return polygon.map((point, each) => (each === index ? tidy(to) : point));
}

function at(polygon: readonly Point[], index: number): Point {
  return polygon[index % polygon.length] as Point;
}

function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

function side([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): boolean {
  return (cy - ay) * (bx - ax) > (by - ay) * (cx - ax);
}

function round(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
}
