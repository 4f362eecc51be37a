/** Cameras on a floor plan. Positions are in 0..1 of the plan, headings in degrees clockwise from its top. Pure. */
import type { Id, Point } from "../api/types";
import type { CameraPlace } from "./endpoints";

export const NARROWEST = 5;
export const WIDEST = 360;
export const SHORTEST = 0.01;
export const LONGEST = 1;
/** One arrow key moves a camera by this share of the plan; with Shift by a tenth of it. */
export const STEP = 0.01;
export const TURN = 5;

interface Size {
  width: number;
  height: number;
}

/** A camera put on the plan: in the middle, looking up. */
export const newPlace = (camera: Id): CameraPlace => ({ camera_id: camera, x: 0.5, y: 0.5, heading_deg: 0, view_deg: 80, reach: 0.15 });

/** What of the floor a camera sees, as an SVG path in the plan's pixels. */
export function cone({ x, y, heading_deg, view_deg, reach }: CameraPlace, { width, height }: Size): string {
  const [cx, cy, radius] = [x * width, y * height, reach * width];
  if (view_deg >= 359.5) return `M ${n(cx - radius)} ${n(cy)} A ${n(radius)} ${n(radius)} 0 1 1 ${n(cx + radius)} ${n(cy)} A ${n(radius)} ${n(radius)} 0 1 1 ${n(cx - radius)} ${n(cy)} Z`;
  const [ax, ay] = along(cx, cy, heading_deg - view_deg / 2, radius);
  const [bx, by] = along(cx, cy, heading_deg + view_deg / 2, radius);
  return `M ${n(cx)} ${n(cy)} L ${n(ax)} ${n(ay)} A ${n(radius)} ${n(radius)} 0 ${view_deg > 180 ? 1 : 0} 1 ${n(bx)} ${n(by)} Z`;
}

/** The end of a cone's middle line, in 0..1 of the plan; may lie outside of it. */
export function tip({ x, y, heading_deg, reach }: CameraPlace, { width, height }: Size, share = 1): Point {
  const [tx, ty] = along(x * width, y * height, heading_deg, reach * width * share);
  return [tx / width, ty / height];
}

/** Where somebody stands whom this camera sees, as far as a plan can say: the middle of its cone, inside the plan. */
export const seenAt = (place: CameraPlace, size: Size): Point => (place.view_deg >= 359.5 ? [place.x, place.y] : inside(tip(place, size, 0.55)));

export const moved = (place: CameraPlace, [x, y]: Point): CameraPlace => ({ ...place, ...at(inside([x, y])) });

export function turned(place: CameraPlace, degrees: number): CameraPlace {
  return { ...place, heading_deg: (((round(place.heading_deg + degrees, 1) % 360) + 360) % 360) };
}

/** The cone's end pulled to a point of the plan: where it looks, and how far. */
export function aimed(place: CameraPlace, to: Point, { width, height }: Size): CameraPlace {
  const [dx, dy] = [(to[0] - place.x) * width, (to[1] - place.y) * height];
  const reach = Math.min(LONGEST, Math.max(SHORTEST, round(Math.hypot(dx, dy) / width, 4)));
  if (dx === 0 && dy === 0) return place;
  return { ...place, reach, heading_deg: (round((Math.atan2(dx, -dy) * 180) / Math.PI, 1) + 360) % 360 };
}

/** What a key does to a camera on the plan; null for keys that mean nothing here. */
export function pressed(place: CameraPlace, key: string, fine: boolean): CameraPlace | null {
  const step = fine ? STEP / 10 : STEP;
  const turn = fine ? 1 : TURN;
  switch (key) {
    case "ArrowLeft":
      return moved(place, [place.x - step, place.y]);
    case "ArrowRight":
      return moved(place, [place.x + step, place.y]);
    case "ArrowUp":
      return moved(place, [place.x, place.y - step]);
    case "ArrowDown":
      return moved(place, [place.x, place.y + step]);
    case "[":
    case "{":
      return turned(place, -turn);
    case "]":
    case "}":
      return turned(place, turn);
    default:
      return null;
  }
}

/** A round length for a scale bar of about a sixth of the plan, with its share of the width. */
export function scaleBar(widthM: number): { metres: number; share: number } {
  const wanted = widthM / 6;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const metres = [5, 2, 1].map((each) => each * power).find((each) => each <= wanted) ?? power;
  return { metres, share: metres / widthM };
}

function along(x: number, y: number, heading: number, length: number): Point {
  const angle = (heading * Math.PI) / 180;
  return [x + Math.sin(angle) * length, y - Math.cos(angle) * length];
}

function inside([x, y]: Point): Point {
  const kept = (value: number) => Math.min(1, Math.max(0, round(value, 4)));
  return [kept(x), kept(y)];
}

const at = ([x, y]: Point) => ({ x, y });
const n = (value: number) => round(value, 1);

function round(value: number, digits: number): number {
  const power = 10 ** digits;
  return Math.round(value * power) / power;
}
