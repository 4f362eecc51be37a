import { CircleCheck, Cctv, Plus, Trash2, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { removeCamera } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera } from "../api/types";
import { StateDot } from "../live/Tile";
import { anyway, EndsWithCameras, LapseNotice, useCoverage } from "../policy/Coverage";
import { Confirm } from "../shell/Confirm";
import { Empty, Failure } from "../shell/Empty";
import { useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ago, fps, size } from "../text/format";
import { AddCamera } from "./AddCamera";
import { Discover, ImportList } from "./AddSeveral";
import { useCameras } from "./cameras";
import { t } from "./texts";

export function CamerasPage() {
  useTitle(t("cameras"));
  const { list, value, error, reload, change } = useCameras();
  const [adding, setAdding] = useState(false);
  const [several, setSeveral] = useState(false);
  const [added, setAdded] = useState<Camera | null>(null);
  const [start, setStart] = useState({ url: "", name: "" });
  const now = useNow();
  const writes = usePlace().may("cameras:write");
  const empty = value !== null && list.length === 0;
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t("cameras")}</h1>
        {writes && (
          <div className="head-tools">
            <button type="button" className="button" aria-expanded={several} onClick={() => setSeveral(!several)} data-testid="camera-several">
              {t("more")}
            </button>
            {!adding && !empty && (
              <button type="button" className="button button-primary" onClick={() => setAdding(true)} data-testid="camera-add">
                <Plus size={16} aria-hidden="true" />
                {t("add")}
              </button>
            )}
          </div>
        )}
      </header>
      <LapseNotice />
      {error && !value && <Failure sentence={error} retry={reload} />}
      {several && writes && (
        <div className="several">
          <Discover use={(url, name) => (setStart({ url, name }), setAdding(true))} />
          <ImportList added={() => (setSeveral(false), reload())} />
        </div>
      )}
      {(adding || empty) && writes && (
        <AddCamera
          key={start.url}
          start={start}
          onAdded={(camera) => {
            change((old) => [...old.filter(({ id }) => id !== camera.id), camera]);
            setAdding(false);
            setAdded(camera);
            reload();
          }}
          {...(empty ? {} : { onCancel: () => setAdding(false) })}
        />
      )}
      {added && list.some(({ id }) => id === added.id) && <Added camera={added} close={() => setAdded(null)} />}
      {empty && (
        <Empty title={t("none")} icon={<Cctv size={36} aria-hidden="true" />}>
          <p>{t("noneWhy")}</p>
        </Empty>
      )}
      {list.length > 0 && (
        <div className="camera-list" role="table" aria-label={t("cameras")}>
          <div className="camera-row camera-head" role="row">
            {[t("camera"), t("state"), t("cameraFps"), t("analysed"), t("picture"), t("lastFrame"), ""].map((title) => (
              <span key={title} role="columnheader">
                {title || <span className="visually-hidden">{t("actions")}</span>}
              </span>
            ))}
          </div>
          {list.map((camera) => (
            <CameraRow key={camera.id} camera={camera} now={now} onRemoved={() => (change((old) => old.filter(({ id }) => id !== camera.id)), reload())} />
          ))}
        </div>
      )}
    </div>
  );
}

/** What to do next with a camera that was just added. */
function Added({ camera, close }: { camera: Camera; close: () => void }) {
  return (
    <section className="panel camera-added" role="status" data-testid="camera-added">
      <CircleCheck size={20} aria-hidden="true" />
      <p>
        <strong>{t("addedNamed", { name: camera.name })}</strong> <span className="quiet">{t("addedNext")}</span>
      </p>
      <Link className="button" to={`/cameras/${camera.id}`} data-testid="camera-added-zone">
        {t("drawAZone")}
      </Link>
      <button type="button" className="icon-button" aria-label={t("close")} title={t("close")} onClick={close}>
        <X size={18} />
      </button>
    </section>
  );
}

function CameraRow({ camera, now, onRemoved }: { camera: Camera; now: number; onRemoved: () => void }) {
  const { may } = usePlace();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const remove = async () => {
    setBusy(true);
    setError(null);
    try {
      await removeCamera(camera.id);
      onRemoved();
    } catch (reason) {
      setError(sentenceFor(reason));
      setBusy(false);
    }
  };
  return (
    <div className="camera-row" role="row" data-testid="camera-row" data-camera-id={camera.id} data-state={camera.state}>
      <span role="cell" className="camera-name">
        <Link to={`/cameras/${camera.id}`}>{camera.name}</Link>
        <small>{camera.url}</small>
      </span>
      <span role="cell" className="camera-state">
        <StateDot camera={camera} word />
        {camera.state !== "live" && camera.reason && <small>{camera.reason}</small>}
      </span>
      <Figure name={t("camera")} value={fps(camera.fps_in)} />
      <Figure name={t("analysed")} value={fps(camera.fps_analysed)} />
      <Figure name={t("picture")} value={size(camera.width, camera.height)} />
      <Figure name={t("lastFrame")} value={ago(camera.last_frame_at, now)} />
      <span role="cell" className="camera-tools">
        {may("cameras:write") && (
          <button type="button" className="icon-button" aria-label={t("removeNamed", { name: camera.name })} title={t("remove")} onClick={() => setAsking(true)} data-testid="camera-remove">
            <Trash2 size={18} />
          </button>
        )}
      </span>
      {asking && (
        <Removal title={t("removeAsk", { name: camera.name })} busy={busy} onAct={() => void remove()} onCancel={() => setAsking(false)}>
          {error && (
            <p className="form-error" role="alert">
              {error}
            </p>
          )}
        </Removal>
      )}
    </div>
  );
}

/** Asks before a camera is removed, and says what else that ends. */
function Removal({ children, ...rest }: { title: string; busy: boolean; children: ReactNode; onAct: () => void; onCancel: () => void }) {
  const ends = useCoverage()?.ends_with_cameras ?? [];
  return (
    <Confirm act={anyway(t("removeAct"), ends)} {...rest}>
      <p>{t("removeWhy")}</p>
      <EndsWithCameras ends={ends} by="removing" />
      {children}
    </Confirm>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <span role="cell" className="figure" data-name={name}>
      {value}
    </span>
  );
}
