import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleDashed } from "lucide-react";
import { Link } from "react-router";
import { alerts as loadAlerts, zones as loadZones } from "../api/endpoints";
import type { Camera } from "../api/types";
import { useKept } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { t } from "./texts";

const MOST_ASKED = 8;

/** What is left to do before a new store sees its first alert; nothing for those who may not do it, or once all is done. */
export function FirstRun({ cameras }: { cameras: readonly Camera[] }) {
  const { store, may } = usePlace();
  const [hidden, hide] = useKept(`guide.${store.id}`, false);
  const wanted = !hidden && may("cameras:write") && may("rules:write");
  const zoned = useQuery({
    queryKey: ["guide-zones", store.id, cameras.length],
    queryFn: async () => (await Promise.all(cameras.slice(0, MOST_ASKED).map(({ id }) => loadZones(id)))).some((zones) => zones.length > 0),
    enabled: wanted && cameras.length > 0,
    refetchInterval: 15_000,
  });
  const alerted = useQuery({
    queryKey: ["guide-alerts", store.id],
    queryFn: async () => (await loadAlerts({ store_id: store.id, limit: 1 })).items.length > 0,
    enabled: wanted,
    refetchInterval: 15_000,
  });
  if (!wanted || alerted.data === undefined) return null;
  const steps = [
    { key: "camera", done: cameras.length > 0, to: "/cameras" },
    { key: "zone", done: zoned.data ?? false, to: cameras[0] ? `/cameras/${cameras[0].id}` : "/cameras" },
    { key: "alert", done: alerted.data, to: "/alerts" },
  ] as const;
  if (steps.every(({ done }) => done)) return null;
  const next = steps.find(({ done }) => !done)?.key;
  return (
    <section className="panel guide" aria-label={t("title")} data-testid="guide">
      <div className="panel-head">
        <h2>{t("title")}</h2>
        <button type="button" className="button button-quiet button-small" onClick={() => hide(true)} data-testid="guide-hide">
          {t("hide")}
        </button>
      </div>
      <ol className="guide-steps">
        {steps.map(({ key, done, to }) => (
          <li key={key} data-done={done} data-testid={`guide-${key}`}>
            {done ? <CircleCheck size={20} aria-hidden="true" /> : <CircleDashed size={20} aria-hidden="true" />}
            <div>
              <strong>{t(key)}</strong>
              {done ? <span className="quiet"> · {t("done")}</span> : <p className="quiet">{t(`${key}Why`)}</p>}
            </div>
            {key === next && (
              <Link className="button button-small" to={to}>
                {t("go")}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
