import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type CSSProperties, type PointerEvent, type ReactNode, type Ref } from "react";
import { sentenceFor } from "../api/problem";
import type { Point } from "../api/types";
import { Failure } from "../shell/Empty";
import { planPicture, type FloorPlan } from "./endpoints";
import { scaleBar } from "./geometry";
import { t } from "./texts";

type Picture = NonNullable<FloorPlan["picture"]>;

interface Props {
  plan: FloorPlan & { picture: Picture };
  /** Drawn over the picture, in its pixels: cones, paths. */
  shapes?: ReactNode;
  /** HTML over the picture, placed in percent: marks of cameras. */
  children?: ReactNode;
  /** The picture as it was uploaded, also in the dark. */
  asDrawn?: boolean;
  surface?: Ref<HTMLDivElement>;
  onPointerMove?: (event: PointerEvent) => void;
  onPointerUp?: () => void;
}

/** A floor plan and what lies over it. In the dark theme white paper becomes dark paper. */
export function PlanFrame({ plan, shapes, children, asDrawn = false, surface, onPointerMove, onPointerUp }: Props) {
  const { width, height } = plan.picture;
  const picture = usePicture(plan);
  return (
    <>
      {picture.error && <Failure sentence={picture.error} retry={picture.reload} />}
      <div ref={surface} className="plan-frame" data-as-drawn={asDrawn} style={{ "--ratio": width / height } as CSSProperties} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={onPointerUp} data-testid="plan">
        {picture.address && <img src={picture.address} alt={t("planOf")} draggable={false} data-testid="plan-picture" />}
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          {shapes}
        </svg>
        {children}
        {plan.width_m !== null && <ScaleBar widthM={plan.width_m} />}
      </div>
    </>
  );
}

function ScaleBar({ widthM }: { widthM: number }) {
  const { metres, share } = scaleBar(widthM);
  return (
    <span className="plan-scale" style={{ width: `${share * 100}%` }}>
      {t("metres", { metres })}
    </span>
  );
}

/** The picture as an address for <img>; asked for again only where it is another one. */
function usePicture({ store_id, picture }: Props["plan"]) {
  const { data, error, refetch } = useQuery({ queryKey: ["floor-plan-picture", store_id, picture.sha256], queryFn: () => planPicture(store_id), staleTime: Infinity });
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(data);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return { address, error: error ? sentenceFor(error) : null, reload: () => void refetch() };
}

/** Where on the plan a pointer is, in 0..1 of it. */
export function pointIn(surface: HTMLElement, event: { clientX: number; clientY: number }): Point {
  const box = surface.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}
