import { ArrowLeft } from "lucide-react";
import { useCallback, useState } from "react";
import { Link, useParams } from "react-router";
import { sessions as loadSessions, zones as loadZones } from "../api/endpoints";
import type { Camera } from "../api/types";
import { useLayers, LayerSwitches } from "../live/layers";
import { LinkedTile } from "../live/LinkedTile";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { clock, duration, humanise, size } from "../text/format";
import { usePlace } from "../shell/stores";
import { CameraFacts } from "./CameraFacts";
import { CameraLinks } from "./CameraLinks";
import { useCameras } from "./cameras";
import { EditCamera } from "./EditCamera";
import { FloorEditor } from "./FloorEditor";
import { Loitering } from "./Loitering";
import { MaskEditor } from "./MaskEditor";
import { forgetZoneNames } from "./zoneNames";
import { ZoneEditor } from "./ZoneEditor";
import { t } from "./texts";

export function CameraPage() {
  const { cameraId = "" } = useParams();
  const { list, value, error, reload, change } = useCameras();
  const { may } = usePlace();
  const [layers, setLayers] = useLayers();
  const camera = list.find(({ id }) => id === cameraId);
  const zones = useLoad(camera ? `zones ${cameraId}` : null, () => loadZones(cameraId));
  const [round, setRound] = useState(0);
  const changed = (to: Camera) => change((old) => old.map((each) => (each.id === to.id ? to : each)));
  const zonesChanged = useCallback(() => (zones.reload(), forgetZoneNames(cameraId), setRound((count) => count + 1)), [zones.reload, cameraId]);
  useTitle(camera?.name ?? t("camera"));
  if (!camera) {
    if (error && !value) return <Failure sentence={error} retry={reload} />;
    return value ? (
      <Empty title={t("thisCameraIsNotHere")}>
        <p>{t("itMayHaveBeenRemoved")}</p>
        <Link className="button" to="/cameras">
          {t("backToAllCameras")}
        </Link>
      </Empty>
    ) : null;
  }
  return (
    <div className="page page-camera">
      <header className="page-head">
        <div className="head-line">
          <Link to="/cameras" className="icon-button" aria-label={t("backToAllCameras")} title={t("allCameras")}>
            <ArrowLeft size={20} />
          </Link>
          <h1>{camera.name}</h1>
        </div>
        <LayerSwitches layers={layers} onChange={setLayers} />
      </header>
      <div className="camera-columns">
        <div className="camera-wide">
          <ZoneEditor key={`zones ${camera.id}`} camera={camera} zones={zones.value ?? []} onChanged={zonesChanged} />
          <MaskEditor key={`masks ${camera.id}`} camera={camera} />
          <FloorEditor key={`floor ${camera.id}`} camera={camera} onChanged={changed} />
          {zones.error && <Failure sentence={zones.error} retry={zones.reload} />}
        </div>
        <div className="camera-narrow">
          {may("live:view") && <LinkedTile key={camera.id} camera={camera} layers={layers} />}
          <CameraFacts camera={camera} />
          {may("cameras:write") && <EditCamera key={`edit ${camera.id}`} camera={camera} onChanged={changed} />}
          <Loitering key={`rules ${camera.id} ${round}`} camera={camera} zones={zones.value ?? []} />
          <CameraLinks key={`links ${camera.id}`} camera={camera} zones={zones.value ?? []} />
          <Sessions cameraId={camera.id} />
        </div>
      </div>
    </div>
  );
}

const MOST_SESSIONS = 12;

function Sessions({ cameraId }: { cameraId: string }) {
  const { value, error, reload } = useLoad(`sessions ${cameraId}`, () => loadSessions(cameraId));
  const now = useNow();
  return (
    <section className="panel" aria-label={t("streamSessions")}>
      <h2>{t("connections")}</h2>
      {error && <Failure sentence={error} retry={reload} />}
      {value?.length === 0 && <p className="quiet">{t("neverConnectedYet")}</p>}
      <ul className="sessions">
        {value?.slice(0, MOST_SESSIONS).map((each) => (
          <li key={each.id} data-status={each.status}>
            <span>{each.status === "active" ? t("connected") : humanise(each.status)}</span>
            <time dateTime={each.started_at}>{clock(each.started_at, now)}</time>
            <span className="quiet">{duration(((each.ended_at ? Date.parse(each.ended_at) : now) - Date.parse(each.started_at)) / 1000)}</span>
            <small>{each.reason || [size(each.width, each.height), each.codec].filter((part) => part && part !== "–").join(" · ")}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
