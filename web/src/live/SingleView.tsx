import { ArrowLeft, ChevronLeft, ChevronRight, Settings2 } from "lucide-react";
import type { CSSProperties } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useAlerts } from "../alerts/alerts";
import { inOrder, isOpen, shownState } from "../alerts/alertState";
import { ThreatMark } from "../alerts/ThreatMark";
import type { Alert, Camera } from "../api/types";
import { CameraFacts } from "../cameras/CameraFacts";
import { useCameras } from "../cameras/cameras";
import { useZoneName } from "../cameras/zoneNames";
import { LookBack } from "../evidence/LookBack";
import { Empty } from "../shell/Empty";
import { useKeys, useNow, useTitle } from "../shell/hooks";
import { headline } from "../text/explain";
import { ago } from "../text/format";
import { LayerSwitches, useLayers } from "./layers";
import { Tile } from "./Tile";
import { t } from "./texts";

/** One camera, large. Esc goes back to the grid, the arrow keys to its neighbours. */
export function SingleView() {
  const { cameraId } = useParams();
  const { list, value } = useCameras();
  const [layers, setLayers] = useLayers();
  const navigate = useNavigate();
  const index = list.findIndex(({ id }) => id === cameraId);
  const camera = list[index];
  useTitle(camera?.name ?? t("live"));
  const beside = (step: number) => list[(index + step + list.length) % list.length]?.id;
  const go = (step: number) => index >= 0 && navigate(`/live/${beside(step)}`, { replace: true });
  useKeys({ Escape: () => navigate("/live"), ArrowLeft: () => go(-1), ArrowRight: () => go(1) });
  if (!camera) {
    return value ? (
      <Empty title={t("thisCameraIsNotHere")}>
        <p>{t("itMayHaveBeenRemoved")}</p>
        <Link className="button" to="/live">
          {t("backToAllCameras")}
        </Link>
      </Empty>
    ) : null;
  }
  return (
    <div className="page page-single">
      <header className="page-head">
        <div className="head-line">
          <Link to="/live" className="icon-button" aria-label={t("backToAllCameras")} title={t("allCamerasEsc")}>
            <ArrowLeft size={20} />
          </Link>
          <h1>{camera.name}</h1>
        </div>
        <div className="head-tools">
          <LayerSwitches layers={layers} onChange={setLayers} />
          {list.length > 1 && (
            <div className="pager">
              <button type="button" className="icon-button" onClick={() => go(-1)} aria-label={t("previousCamera")}>
                <ChevronLeft size={20} />
              </button>
              <button type="button" className="icon-button" onClick={() => go(1)} aria-label={t("nextCamera")}>
                <ChevronRight size={20} />
              </button>
            </div>
          )}
        </div>
      </header>
      <div className="single" style={camera.width && camera.height ? { "--shape": `${camera.width} / ${camera.height}` } as CSSProperties : undefined}>
        <Tile key={camera.id} camera={camera} layers={layers} video />
        <aside className="single-side">
          <CameraFacts camera={camera} />
          <OpenAlerts camera={camera} />
          <LookBack key={camera.id} cameraId={camera.id} />
          <Link className="button" to={`/cameras/${camera.id}`}>
            <Settings2 size={16} aria-hidden="true" />
            {t("zonesAndRules")}
          </Link>
        </aside>
      </div>
    </div>
  );
}

function BriefAlert({ alert, now }: { alert: Alert; now: number }) {
  const zone = useZoneName(alert);
  return (
    <li>
      <ThreatMark threat={alert.threat} />
      <Link to={`/alerts/${alert.id}`}>{headline(alert.kind, alert.explanation, zone)}</Link>
      <span className="quiet">{ago(alert.raised_at, now)}</span>
    </li>
  );
}

const MOST_LISTED = 6;

function OpenAlerts({ camera }: { camera: Camera }) {
  const { state } = useAlerts();
  const now = useNow(5_000);
  const open = inOrder(state.byId.values()).filter((alert) => alert.camera_id === camera.id && isOpen(shownState(state, alert)));
  return (
    <section className="panel" aria-label={t("openAlertsOfThisCamera")}>
      <h2>{t("openAlerts")}</h2>
      {open.length === 0 && <p className="quiet">{t("none2")}</p>}
      <ul className="brief-alerts">
        {open.slice(0, MOST_LISTED).map((alert) => (
          <BriefAlert key={alert.id} alert={alert} now={now} />
        ))}
      </ul>
    </section>
  );
}
