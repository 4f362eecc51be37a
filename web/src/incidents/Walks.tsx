import { PersonStanding } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { useCameras } from "../cameras/cameras";
import { verdictSentence } from "../matches/Walk";
import { useCoverage } from "../policy/Coverage";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import type { CaseFile } from "./endpoints";
import { t, walksOf } from "./walks";

/** What gait says of leads on the tracks of the incident's alerts and their visits. Offered only where the switch is on. */
export function Walks({ file }: { file: CaseFile }) {
  const known = useCoverage();
  const { may } = usePlace();
  const { named } = useCameras();
  const now = useNow(30_000);
  const [asked, setAsked] = useState(false);
  const { id } = file.incident;
  const { value, error, reload } = useLoad(asked ? `walks ${id} ${file.alerts.length}` : null, () => walksOf(id));
  if (file.alerts.length === 0 || !may("matches:read") || !known?.on.includes("gait")) return null;
  return (
    <section aria-label={t("title")} data-testid="case-walks">
      <h3>{t("title")}</h3>
      {!asked && (
        <button type="button" className="button" onClick={() => setAsked(true)} data-testid="case-walks-show">
          <PersonStanding size={16} aria-hidden="true" />
          {t("show")}
        </button>
      )}
      {error && <Failure sentence={error} retry={reload} />}
      {value && <p className="quiet">{t(value.walks.length === 0 ? "none" : "note")}</p>}
      <ol className="timeline">
        {value?.walks.map((walk) => (
          <li key={walk.match_id} data-verdict={walk.gait.verdict} data-testid="case-walk">
            <time dateTime={walk.captured_at}>{clock(walk.captured_at, now)}</time>
            <span>
              <Link to={`/cameras/${walk.camera_id}`}>{named(walk.camera_id)}</Link>: {verdictSentence(walk.gait)}
              <small>
                {" "}
                {t(walk.of_alert ? "ofAlert" : "ofVisit")} <Link to="/leads">{t(walk.lead_state === "confirmed" ? "confirmed" : "waits")}</Link>
              </small>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
