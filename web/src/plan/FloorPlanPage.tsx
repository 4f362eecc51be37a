import { useQuery } from "@tanstack/react-query";
import { Map as MapIcon, PencilRuler } from "lucide-react";
import { useMemo, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useAlerts } from "../alerts/alerts";
import { ThreatMark } from "../alerts/ThreatMark";
import type { Alert, Camera } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { useLayers } from "../live/layers";
import { LinkedTile } from "../live/LinkedTile";
import { StateDot } from "../live/Tile";
import { Answer } from "../parts/Query";
import { Empty } from "../shell/Empty";
import { useKept, useKeys, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ago } from "../text/format";
import { kindName } from "../text/kinds";
import { Editor } from "./Editor";
import { planQuery, type FloorPlan } from "./endpoints";
import { CameraMark, Cones } from "./Marks";
import { PlanFrame } from "./PlanFrame";
import { focusOf, markOf, openAlerts } from "./state";
import { t } from "./texts";
import { Upload } from "./Upload";

type Drawn = FloorPlan & { picture: NonNullable<FloorPlan["picture"]> };
const isDrawn = (plan: FloorPlan): plan is Drawn => plan.picture !== null;

/** The store from above: which cameras hang where, which are silent, and where an alert is open. */
export function FloorPlanPage() {
  useTitle(t("title"));
  const { store, may } = usePlace();
  const query = useQuery(planQuery(store.id));
  const [editing, setEditing] = useState(false);
  const [asDrawn, setAsDrawn] = useKept("plan-as-drawn", false);
  const plan = query.data;
  const { list } = useCameras();
  const drawn = plan !== undefined && isDrawn(plan);
  return (
    <div className="page page-plan">
      <header className="page-head">
        <div>
          <h1>{t("title")}</h1>
          {drawn && <p className="page-note">{t("placed", { placed: plan.cameras.length, count: list.length })}</p>}
        </div>
        {drawn && (
          <div className="head-tools">
            <label className="toggle plan-paper">
              <input type="checkbox" role="switch" checked={asDrawn} onChange={({ target }) => setAsDrawn(target.checked)} />
              {t("asDrawn")}
            </label>
            {may("cameras:write") && !editing && (
              <button type="button" className="button" onClick={() => setEditing(true)} data-testid="plan-edit">
                <PencilRuler size={16} aria-hidden="true" />
                {t("edit")}
              </button>
            )}
          </div>
        )}
      </header>
      <Answer of={query}>
        {(found) =>
          !isDrawn(found) ? (
            <Empty title={t("none")} icon={<MapIcon size={40} aria-hidden="true" />}>
              <p>{may("cameras:write") ? t("noneWhat") : t("noneAsk")}</p>
              {may("cameras:write") && <Upload first />}
            </Empty>
          ) : editing ? (
            <Editor key={found.picture.sha256} plan={found} cameras={list} asDrawn={asDrawn} done={() => setEditing(false)} />
          ) : (
            <Overview plan={found} asDrawn={asDrawn} />
          )
        }
      </Answer>
    </div>
  );
}

/** The plan with the state of now, and the chosen camera beside it. An open alert draws the eye unless somebody chose. */
function Overview({ plan, asDrawn }: { plan: Drawn; asDrawn: boolean }) {
  const { list } = useCameras();
  const { state } = useAlerts();
  const [params, setParams] = useSearchParams();
  const [follow, setFollow] = useKept("plan-follow", true);
  const open = useMemo(() => openAlerts(state), [state]);
  const marks = useMemo(() => new Map(list.map((camera) => [camera.id, markOf(camera, open)])), [list, open]);
  const shown = plan.cameras.flatMap((place) => {
    const camera = list.find(({ id }) => id === place.camera_id);
    return camera ? [{ camera, place }] : [];
  });
  const focus = focusOf(params.get("camera"), follow, open, shown.map(({ camera }) => camera.id));
  const choose = (id: string | null) => setParams(id ? { camera: id } : {}, { replace: true });
  useKeys({ Escape: () => choose(null) });
  const camera = list.find(({ id }) => id === focus);
  return (
    <div className="plan-columns">
      <div className="plan-wide">
        <PlanFrame plan={plan} asDrawn={asDrawn} shapes={<Cones places={shown.map(({ place }) => place)} size={plan.picture} marks={marks} chosen={focus} />}>
          {shown.map(({ camera: each, place }) => (
            <CameraMark key={each.id} camera={each} place={place} mark={marks.get(each.id) ?? markOf(each, open)} chosen={each.id === focus} onChoose={() => choose(each.id === params.get("camera") ? null : each.id)} />
          ))}
        </PlanFrame>
        <Legend />
      </div>
      <div className="plan-side">
        <label className="toggle">
          <input type="checkbox" role="switch" checked={follow} onChange={({ target }) => setFollow(target.checked)} data-testid="plan-follow" />
          {t("follow")}
        </label>
        {camera && <Chosen camera={camera} placed={shown.some(({ camera: { id } }) => id === camera.id)} />}
        <OpenHere open={open} cameras={list} choose={choose} focus={focus} />
        <Silent cameras={shown.map((each) => each.camera).filter(({ state: at }) => at !== "live")} choose={choose} />
      </div>
    </div>
  );
}

function Legend() {
  return (
    <ul className="plan-legend" aria-label={t("legend")}>
      <li data-as="live">{t("legendLive")}</li>
      <li data-as="off">{t("legendOff")}</li>
      <li data-as="alert">{t("legendAlert")}</li>
    </ul>
  );
}

function Chosen({ camera, placed }: { camera: Camera; placed: boolean }) {
  const { may } = usePlace();
  const [layers] = useLayers();
  return (
    <section className="stack" aria-label={camera.name} data-testid="plan-chosen" data-camera-id={camera.id}>
      {may("live:view") ? (
        <LinkedTile key={camera.id} camera={camera} layers={layers} />
      ) : (
        <p>
          <StateDot camera={camera} word /> {camera.name}
        </p>
      )}
      {!placed && <p className="quiet">{t("notOnPlan")}</p>}
    </section>
  );
}

const MOST_LISTED = 12;

function OpenHere({ open, cameras, choose, focus }: { open: readonly Alert[]; cameras: readonly Camera[]; choose: (id: string) => void; focus: string | null }) {
  const now = useNow(5_000);
  const { may } = usePlace();
  if (!may("alerts:read")) return null;
  return (
    <section className="panel" aria-label={t("open")}>
      <h2>{t("open")}</h2>
      {open.length === 0 && <p className="quiet">{t("openNone")}</p>}
      <ul className="plan-alerts" data-testid="plan-alerts">
        {open.slice(0, MOST_LISTED).map((alert) => (
          <li key={alert.id} data-chosen={alert.camera_id === focus}>
            <ThreatMark threat={alert.threat} />
            <span>
              <Link to={`/alerts/${alert.id}`}>{kindName(alert.kind)}</Link>
              <button type="button" className="link-button" onClick={() => choose(alert.camera_id)}>
                {cameras.find(({ id }) => id === alert.camera_id)?.name ?? ""}
              </button>
            </span>
            <small>{ago(alert.raised_at, now)}</small>
          </li>
        ))}
      </ul>
      {open.length > MOST_LISTED && (
        <Link to="/alerts" className="quiet">
          {t("openMore", { count: open.length - MOST_LISTED })}
        </Link>
      )}
    </section>
  );
}

function Silent({ cameras, choose }: { cameras: readonly Camera[]; choose: (id: string) => void }) {
  if (cameras.length === 0) return null;
  return (
    <section className="panel" aria-label={t("silent")}>
      <h2>{t("silent")}</h2>
      <ul className="plan-alerts">
        {cameras.slice(0, MOST_LISTED).map((camera) => (
          <li key={camera.id}>
            <StateDot camera={camera} />
            <span>
              <button type="button" className="link-button" onClick={() => choose(camera.id)}>
                {camera.name}
              </button>
              <small>{camera.reason}</small>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
