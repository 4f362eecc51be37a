/** Draws one frame and what was seen in it. Colour says threat; people without a label stay neutral. */
import type { AnalysisResult, Person } from "../socket/messages";
import { letterbox, mapBox, mapping, skeleton, tagPlace, type Mapping, type Rect, type Size } from "./geometry";
import { trailsOf } from "./trails";

export interface Layers {
  boxes: boolean;
  skeletons: boolean;
  ids: boolean;
  /** Where each person has walked in the last seconds. */
  trails: boolean;
}

const CALM = "#dfe8f2";
const NOTABLE = "#ffb224";
const HALO = "rgba(6, 9, 13, 0.72)";
const SURROUND = "#07090b";

/** Paints `picture` letterboxed, then the people. `dpr` is canvas pixels for one CSS pixel. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  picture: ImageBitmap,
  analysis: AnalysisResult | null,
  layers: Layers,
  dpr: number,
): void {
  const { canvas } = context;
  const shown = letterbox(picture, canvas);
  context.fillStyle = SURROUND;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, shown.x, shown.y, shown.width, shown.height);
  if (analysis) drawPeople(context, picture, analysis, layers, dpr);
}

/** The people alone, where they are on a picture of the size `picture` that fills the canvas. */
export function drawPeople(context: CanvasRenderingContext2D, picture: Size, analysis: AnalysisResult, layers: Layers, dpr: number): void {
  const shown = letterbox(picture, context.canvas);
  context.save();
  context.beginPath();
  context.rect(shown.x, shown.y, shown.width, shown.height);
  context.clip();
  context.lineCap = "round";
  context.lineJoin = "round";
  const to = mapping(analysis.frame, shown);
  // Lines grow a little with the tile, so that a wall screen shows them from across the room.
  const stroke = Math.max(1.5 * dpr, Math.min(shown.width, shown.height) / 260);
  // Who is labelled comes last, and so on top; tags above all lines.
  const people = [...analysis.persons]
    .sort((a, b) => a.labels.length - b.labels.length)
    .map((person) => ({ person, colour: person.labels.length ? NOTABLE : CALM, box: mapBox(person.box, to, shown) }));
  if (layers.trails) drawTrails(context, analysis, to, stroke);
  for (const { person, colour, box } of people) {
    if (layers.skeletons) drawSkeleton(context, skeleton(person.keypoints, to), colour, stroke);
    if (layers.boxes) drawBox(context, box, colour, stroke);
  }
  if (layers.ids) for (const { person, colour, box } of people) drawTag(context, person, box, shown, colour, dpr);
  context.restore();
}

function drawTrails(context: CanvasRenderingContext2D, analysis: AnalysisResult, to: Mapping, stroke: number): void {
  context.beginPath();
  for (const points of trailsOf(analysis.camera_id).of(analysis)) {
    points.forEach(([x, y], index) => (index === 0 ? context.moveTo(to.x(x), to.y(y)) : context.lineTo(to.x(x), to.y(y))));
  }
  context.setLineDash([stroke * 3, stroke * 2]);
  context.strokeStyle = CALM;
  context.lineWidth = stroke;
  context.stroke();
  context.setLineDash([]);
}

function drawSkeleton(context: CanvasRenderingContext2D, lines: ReturnType<typeof skeleton>, colour: string, stroke: number): void {
  context.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  // A dark rim keeps the line visible on white floors and bright clothes.
  context.strokeStyle = HALO;
  context.lineWidth = stroke * 2.2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = stroke;
  context.stroke();
}

/** Corners only: the person stays visible, and crowds stay readable. */
function drawBox(context: CanvasRenderingContext2D, box: Rect, colour: string, stroke: number): void {
  const arm = Math.min(box.width, box.height) * 0.28;
  const right = box.x + box.width;
  const bottom = box.y + box.height;
  context.beginPath();
  for (const [x, y, dx, dy] of [
    [box.x, box.y, 1, 1],
    [right, box.y, -1, 1],
    [right, bottom, -1, -1],
    [box.x, bottom, 1, -1],
  ] as const) {
    context.moveTo(x + dx * arm, y);
    context.lineTo(x, y);
    context.lineTo(x, y + dy * arm);
  }
  context.strokeStyle = HALO;
  context.lineWidth = stroke * 2.2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = stroke;
  context.stroke();
}

function drawTag(context: CanvasRenderingContext2D, person: Person, box: Rect, shown: Rect, colour: string, dpr: number): void {
  const text = [person.track_id, ...person.labels].join(" · ");
  const size = 11 * dpr;
  context.font = `600 ${size}px "Inter Variable", system-ui, sans-serif`;
  const tag = { width: context.measureText(text).width + 8 * dpr, height: size + 6 * dpr };
  const at = tagPlace(box, tag, shown);
  context.fillStyle = person.labels.length ? colour : "rgba(6, 9, 13, 0.82)";
  context.fillRect(at.x, at.y, tag.width, tag.height);
  context.fillStyle = person.labels.length ? "#1b1200" : colour;
  context.textBaseline = "middle";
  context.fillText(text, at.x + 4 * dpr, at.y + tag.height / 2 + 0.5 * dpr);
}
