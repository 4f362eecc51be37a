import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { currentZone } from "../text/zone";

export interface Series {
  name: string;
  /** As many as there are times; null where nothing was measured. */
  values: readonly (number | null)[];
}

const HEIGHT = 180;
/** Told apart by dashes too, not by colour alone. */
const LINES = [
  { colour: "--low", dash: [] },
  { colour: "--medium", dash: [6, 4] },
  { colour: "--ok", dash: [2, 3] },
] as const;

/** The drawing of a `Chart`; colours are the theme's at the time of drawing. */
export default function Plot({ times, series, unit }: { times: readonly number[]; series: readonly Series[]; unit: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const room = place.current;
    if (!room) return;
    const colour = (token: string) => getComputedStyle(room).getPropertyValue(token).trim();
    const axis = { stroke: colour("--text-3"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
    const zone = currentZone();
    const plot = new uPlot(
      {
        width: room.clientWidth,
        height: HEIGHT,
        tzDate: (seconds) => (zone ? uPlot.tzDate(new Date(seconds * 1000), zone) : new Date(seconds * 1000)),
        axes: [axis, { ...axis, label: unit }],
        series: [{}, ...series.map(({ name }, index) => lineOf(name, index, colour))],
      },
      [[...times], ...series.map(({ values }) => [...values])],
      room,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: room.clientWidth, height: HEIGHT }));
    watch.observe(room);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [times, series, unit]);
  return <div ref={place} className="chart-room" aria-hidden="true" />;
}

function lineOf(label: string, index: number, colour: (token: string) => string): uPlot.Series {
  const line = LINES[index % LINES.length] ?? LINES[0];
  return { label, stroke: colour(line.colour), width: 2, dash: [...line.dash] };
}
