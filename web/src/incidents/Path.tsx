import { Footprints } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { useCameras } from "../cameras/cameras";
import { PathOnPlan } from "../plan/PathOnPlan";
import { useCoverage } from "../policy/Coverage";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { clock, duration } from "../text/format";
import type { CaseFile } from "./endpoints";
import { ofAlert, t, visitsOf, type Visit } from "./visits";

/** Where those of the incident's alerts were seen before and after, for who asks. Not offered where the switch is known to be off. */
export function Path({ file }: { file: CaseFile }) {
  const known = useCoverage();
  const [asked, setAsked] = useState(false);
  const { id } = file.incident;
  const { value, error, reload } = useLoad(asked ? `visits ${id} ${file.alerts.length}` : null, () => visitsOf(id));
  if (file.alerts.length === 0 || (known !== null && !known.on.includes("re_identification"))) return null;
  return (
    <section aria-label={t("title")} data-testid="case-path">
      <h3>{t("title")}</h3>
      {!asked && (
        <button type="button" className="button" onClick={() => setAsked(true)} data-testid="case-path-show">
          <Footprints size={16} aria-hidden="true" />
          {t("show")}
        </button>
      )}
      {error && <Failure sentence={error} retry={reload} />}
      {value && <p className="quiet">{t(!value.followed ? "off" : value.visits.length === 0 ? "none" : "note")}</p>}
      {value?.visits.map((visit, index) => (
        <Sightings key={visit.id} visit={visit} file={file} title={value.visits.length > 1 ? t("several", { count: index + 1 }) : null} />
      ))}
      {value && value.left_out > 0 && <p className="quiet">{t("moreVisits", { count: value.left_out })}</p>}
    </section>
  );
}

function Sightings({ visit, file, title }: { visit: Visit; file: CaseFile; title: string | null }) {
  const { named } = useCameras();
  const now = useNow(30_000);
  return (
    <>
      {title && <h4>{title}</h4>}
      <PathOnPlan storeId={file.incident.store_id} cameras={visit.sightings.map(({ camera_id }) => camera_id)} />
      <ol className="timeline">
        {visit.sightings.map((each, index) => (
          <li key={`${each.camera_id} ${each.epoch} ${each.track_id} ${each.started_at}`} data-camera={ofAlert(each, file.alerts)} data-testid="case-sighting">
            <time dateTime={each.started_at}>{clock(each.started_at, now)}</time>
            <span>
              {index + 1}. <Link to={`/cameras/${each.camera_id}`}>{named(each.camera_id)}</Link>, {duration((Date.parse(each.ended_at) - Date.parse(each.started_at)) / 1000)}
              <small>{[ofAlert(each, file.alerts) ? t("here") : "", each.rivals > 0 ? t("doubt", { count: each.rivals }) : ""].filter(Boolean).map((part) => ` ${part}`).join(",")}</small>
            </span>
          </li>
        ))}
      </ol>
      {visit.left_out > 0 && <p className="quiet" data-testid="case-path-left-out">{t("moreSightings", { count: visit.left_out })}</p>}
    </>
  );
}
