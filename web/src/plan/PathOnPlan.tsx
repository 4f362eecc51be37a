import { useQuery } from "@tanstack/react-query";
import type { Id } from "../api/types";
import { usePlace } from "../shell/stores";
import { planQuery } from "./endpoints";
import { cone, seenAt } from "./geometry";
import { PlanFrame } from "./PlanFrame";
import { t } from "./texts";

/** A path through the store over its plan: the cameras that saw somebody, in their order. Nothing where there is no plan. */
export function PathOnPlan({ storeId, cameras }: { storeId: Id; cameras: readonly Id[] }) {
  const { may } = usePlace();
  const { data: plan } = useQuery({ ...planQuery(storeId), enabled: may("cameras:read") });
  if (!plan?.picture) return null;
  const { picture } = plan;
  const steps = cameras.flatMap((id, index) => {
    const place = id === cameras[index - 1] ? undefined : plan.cameras.find(({ camera_id }) => camera_id === id);
    return place ? [place] : [];
  });
  if (steps.length === 0) return null;
  const points = steps.map((place) => seenAt(place, picture)).map(([x, y]) => [x * picture.width, y * picture.height] as const);
  return (
    <figure className="plan-path" data-testid="path-on-plan">
      <PlanFrame
        plan={{ ...plan, picture }}
        shapes={
          <>
            {plan.cameras.map((place) => (
              <path key={place.camera_id} className="plan-cone" d={cone(place, picture)} data-off={!cameras.includes(place.camera_id)} />
            ))}
            <polyline className="plan-way" points={points.map(([x, y]) => `${x},${y}`).join(" ")} />
          </>
        }
      >
        {points.map(([x, y], index) => (
          <span key={index} className="plan-step" style={{ left: `${(x / picture.width) * 100}%`, top: `${(y / picture.height) * 100}%` }}>
            {index + 1}
          </span>
        ))}
      </PlanFrame>
      <figcaption className="quiet">{t("pathNote")}</figcaption>
    </figure>
  );
}
