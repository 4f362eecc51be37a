import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { Point, Zone, ZoneKind } from "../api/types";
import { LineShape } from "./LineShape";
import { mostPoints, moved, split, tidy } from "./polygon";
import { t } from "./texts";

interface Props {
  picture: string;
  /** Drawn for orientation. */
  others: readonly Zone[];
  /** null while nothing is being drawn. */
  polygon: Point[] | null;
  /** Of what is being drawn: a line has two points. */
  kind?: ZoneKind;
  /** How many corners, where the kind does not say. */
  most?: number;
  onChange: (polygon: Point[]) => void;
}

/** One arrow key moves a corner by this share of the picture. */
const STEP = 0.01;

/** A picture with zones over it. Click adds a corner, drag or arrow keys move one, Delete removes it. */
export function PolygonCanvas({ picture, others, polygon, kind = "area", most = mostPoints(kind), onChange }: Props) {
  const surface = useRef<SVGSVGElement>(null);
  const [shape, setShape] = useState({ width: 16, height: 9 });
  const [dragged, setDragged] = useState<number | null>(null);

  const placeOf = (event: PointerEvent): Point => {
    const box = (surface.current as SVGSVGElement).getBoundingClientRect();
    return tidy([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  const add = (event: PointerEvent<SVGSVGElement>) => {
    if (polygon === null || event.button !== 0 || event.target !== surface.current || polygon.length >= most) return;
    onChange([...polygon, placeOf(event)]);
  };
  const press = (event: KeyboardEvent, index: number) => {
    if (polygon === null) return;
    const [x, y] = polygon[index] as Point;
    const to: Record<string, Point> = { ArrowLeft: [x - STEP, y], ArrowRight: [x + STEP, y], ArrowUp: [x, y - STEP], ArrowDown: [x, y + STEP] };
    const target = to[event.key];
    if (target) onChange(moved(polygon, index, target));
    else if (event.key === "Delete" || event.key === "Backspace") onChange(polygon.filter((_, each) => each !== index));
    else return;
    event.preventDefault();
  };
  const { width, height } = shape;
  const onScreen = ([x, y]: Point) => `${x * width},${y * height}`;
  const radius = Math.max(width, height) / 90;

  return (
    <div className="polygon-frame" data-drawing={polygon !== null}>
      <img src={picture} alt="" draggable={false} onLoad={({ currentTarget: image }) => setShape({ width: image.naturalWidth, height: image.naturalHeight })} />
      <svg
        ref={surface}
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="group"
        aria-label={t("zonesOnTheCameraSPicture")}
        onPointerDown={add}
        onPointerMove={(event) => polygon && dragged !== null && onChange(moved(polygon, dragged, placeOf(event)))}
        onPointerUp={() => setDragged(null)}
        onPointerCancel={() => setDragged(null)}
      >
        {others.map((zone) => (
          <g key={zone.id} className="zone-shape" data-kind={zone.kind}>
            {zone.kind === "line" ? <LineShape line={zone.polygon} width={width} height={height} /> : <polygon points={zone.polygon.map(onScreen).join(" ")} />}
            <text {...labelPlace(zone.polygon, width, height)} fontSize={radius * 2.6}>
              {zone.name}
            </text>
          </g>
        ))}
        {polygon && (
          <g className="zone-draft">
            {kind === "line" ? <LineShape line={polygon} width={width} height={height} /> : polygon.length > 1 && <polygon points={polygon.map(onScreen).join(" ")} />}
            {polygon.length > 2 &&
              polygon.length < most &&
              polygon.map((point, index) => <Middle key={`m${index}`} from={point} to={polygon[(index + 1) % polygon.length] as Point} width={width} height={height} radius={radius * 0.6} onClick={() => onChange(split(polygon, index))} />)}
            {polygon.map(([x, y], index) => (
              <circle
                key={index}
                cx={x * width}
                cy={y * height}
                r={radius}
                tabIndex={0}
                role="button"
                aria-label={t("cornerArrowKeysMoveItDelete", { index: index + 1 })}
                onKeyDown={(event) => press(event, index)}
                onPointerDown={(event) => {
                  event.stopPropagation();
                  surface.current?.setPointerCapture(event.pointerId);
                  setDragged(index);
                }}
              />
            ))}
          </g>
        )}
      </svg>
      {polygon && (
        <button type="button" className="button polygon-add" onClick={() => polygon.length < most && onChange([...polygon, [0.5, 0.5]])}>
          {t("addACornerInTheMiddle")}
        </button>
      )}
    </div>
  );
}

interface MiddleProps {
  from: Point;
  to: Point;
  width: number;
  height: number;
  radius: number;
  onClick: () => void;
}

/** A handle in the middle of an edge that makes a new corner. */
function Middle({ from, to, width, height, radius, onClick }: MiddleProps) {
  return <circle className="zone-middle" cx={((from[0] + to[0]) / 2) * width} cy={((from[1] + to[1]) / 2) * height} r={radius} onPointerDown={(event) => (event.stopPropagation(), onClick())} />;
}

function labelPlace(polygon: readonly Point[], width: number, height: number) {
  const centre = polygon.reduce(([x, y], point) => [x + point[0] / polygon.length, y + point[1] / polygon.length], [0, 0]);
  return { x: (centre[0] ?? 0) * width, y: (centre[1] ?? 0) * height };
}
