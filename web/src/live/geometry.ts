/** Where things go on a tile's canvas. Pure; pixels of the canvas unless said otherwise. */

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  x: number;
  y: number;
}

/** The largest rectangle of `content`'s shape inside `frame`, centred (bars above and below, or left and right). */
export function letterbox(content: Size, frame: Size): Rect {
  if (content.width <= 0 || content.height <= 0) return { x: 0, y: 0, width: 0, height: 0 };
  const scale = Math.min(frame.width / content.width, frame.height / content.height);
  const width = content.width * scale;
  const height = content.height * scale;
  return { x: (frame.width - width) / 2, y: (frame.height - height) / 2, width, height };
}

/** Turns pixels of the analysed frame into pixels of the canvas. */
export interface Mapping {
  x: (frameX: number) => number;
  y: (frameY: number) => number;
}

export function mapping(frame: Size, shown: Rect): Mapping {
  const scaleX = shown.width / frame.width;
  const scaleY = shown.height / frame.height;
  return { x: (frameX) => shown.x + frameX * scaleX, y: (frameY) => shown.y + frameY * scaleY };
}

/** A box x1 y1 x2 y2 of the frame as a rectangle on the canvas, cut to what is shown. */
export function mapBox(box: readonly [number, number, number, number], to: Mapping, shown: Rect): Rect {
  const left = clamp(to.x(box[0]), shown.x, shown.x + shown.width);
  const top = clamp(to.y(box[1]), shown.y, shown.y + shown.height);
  const right = clamp(to.x(box[2]), shown.x, shown.x + shown.width);
  const bottom = clamp(to.y(box[3]), shown.y, shown.y + shown.height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Where a person's tag goes: above the box, inside it where there is no room above, never outside the picture. */
export function tagPlace(box: Rect, tag: Size, shown: Rect): { x: number; y: number } {
  const above = box.y - tag.height;
  return {
    x: clamp(box.x, shown.x, Math.max(shown.x, shown.x + shown.width - tag.width)),
    y: above >= shown.y ? above : box.y,
  };
}

/** COCO's 17 keypoints: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles (left before right). */
export const LIMBS: readonly (readonly [number, number])[] = [
  [0, 1], [0, 2], [1, 3], [2, 4],
  [5, 6], [5, 7], [7, 9], [6, 8], [8, 10],
  [5, 11], [6, 12], [11, 12],
  [11, 13], [13, 15], [12, 14], [14, 16],
];

/** A keypoint less certain than this is not drawn. */
export const SURE = 0.3;

export type Segment = [x1: number, y1: number, x2: number, y2: number];

/** Lines of a skeleton on the canvas: limbs whose both ends are seen. */
export function skeleton(keypoints: readonly (readonly [number, number, number])[], to: Mapping, sure = SURE): Segment[] {
  const lines: Segment[] = [];
  for (const [from, until] of LIMBS) {
    const a = keypoints[from];
    const b = keypoints[until];
    if (a && b && a[2] >= sure && b[2] >= sure) lines.push([to.x(a[0]), to.y(a[1]), to.x(b[0]), to.y(b[1])]);
  }
  return lines;
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Columns of a grid of `count` tiles: few large tiles before many small ones. */
export function columnsFor(count: number, width: number): number {
  const most = width < 640 ? 1 : width < 1100 ? 2 : width < 1800 ? 3 : 4;
  const wanted = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4;
  return Math.min(most, wanted);
}
