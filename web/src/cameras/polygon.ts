/** Polygons in normalised picture coordinates: checks and edits. Pure. */
import type { Point } from "../api/types";

export const FEWEST_POINTS = 3;
export const MOST_POINTS = 64;
/** A zone smaller than this share of the picture holds no foot point for long. */
const SMALLEST_AREA = 0.0005;

/** Why `polygon` cannot be a zone, null when it can. */
export function fault(polygon: readonly Point[]): string | null {
  if (polygon.length < FEWEST_POINTS) return `A zone needs at least ${FEWEST_POINTS} corners.`;
  if (polygon.length > MOST_POINTS) return `A zone has at most ${MOST_POINTS} corners.`;
  if (crossesItself(polygon)) return "The outline crosses itself. Move a corner.";
  if (area(polygon) < SMALLEST_AREA) return "The zone is too small.";
  return null;
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
