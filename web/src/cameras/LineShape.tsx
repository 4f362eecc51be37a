import type { Point } from "../api/types";
import { arrow } from "./polygon";

/** A line with the arrow of its direction. */
export function LineShape({ line, width, height }: { line: readonly Point[]; width: number; height: number }) {
  const [from, to] = line;
  const way = arrow(line, width, height);
  if (!from || !to || !way) return null;
  const [dx, dy] = [way.to[0] - way.from[0], way.to[1] - way.from[1]];
  const barb = (turn: number): string => {
    const [c, s] = [Math.cos(turn) * 0.4, Math.sin(turn) * 0.4];
    return `${way.to[0] - dx * c + dy * s},${way.to[1] - dy * c - dx * s}`;
  };
  return (
    <>
      <line className="line-shape" x1={from[0] * width} y1={from[1] * height} x2={to[0] * width} y2={to[1] * height} />
      <line className="line-arrow" x1={way.from[0]} y1={way.from[1]} x2={way.to[0]} y2={way.to[1]} />
      <polyline className="line-arrow" points={`${barb(0.6)} ${way.to[0]},${way.to[1]} ${barb(-0.6)}`} />
    </>
  );
}
