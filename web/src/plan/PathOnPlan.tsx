import { useQuery } from "@tanstack/react-query";
import type { Id } from "../api/types";
import { usePlace } from "../shell/stores";
import { planQuery } from "./endpoints";
import { cone, seenAt } from "./geometry";
import { PlanFrame } from "./PlanFrame";
import { t } from "./texts";

/** A path through the store over its plan: the cameras that saw somebody, numbered as the sightings listed beside it. Nothing where there is no plan. */
export function PathOnPlan({ storeId, cameras }: { storeId: Id; cameras: readonly Id[] }) {
  const { may } = usePlace();
  const { data: plan } = useQuery({ ...planQuery(storeId), enabled: may("cameras:read") });
  if (!plan?.picture) return null;
  const { picture } = plan;
  const steps = cameras.flatMap((id, index) => {
    const place = id === cameras[index - 1] ? undefined : plan.cameras.find(({ camera_id }) => camera_id === id);
    return place ? [{ place, number: index + 1 }] : [];
  });
  if (steps.length === 0) return null;
  const points = steps.map(({ place, number }) => ({ number, at: seenAt(place, picture) }));
  return (
    <figure className="plan-path" data-testid="path-on-plan">
      <PlanFrame
        plan={{ ...plan, picture }}
        shapes={
          <>
            {plan.cameras.map((place) => (
              <path key={place.camera_id} className="plan-cone" d={cone(place, picture)} data-off={!cameras.includes(place.camera_id)} />
            ))}
            <polyline className="plan-way" points={points.map(({ at: [x, y] }) => `${x * picture.width},${y * picture.height}`).join(" ")} />
          </>
        }
      >
        {points.map(({ number, at: [x, y] }) => (
          <span key={number} className="plan-step" style={{ left: `${x * 100}%`, top: `${y * 100}%` }}>
            {number}
          </span>
        ))}
      </PlanFrame>
      <figcaption className="quiet">{t("pathNote")}</figcaption>
    </figure>
  );
}
