import { Cctv, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { removeCamera } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera } from "../api/types";
import { StateDot } from "../live/Tile";
import { Confirm } from "../shell/Confirm";
import { Empty, Failure } from "../shell/Empty";
import { useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { ago, fps, size } from "../text/format";
import { AddCamera } from "./AddCamera";
import { useCameras } from "./cameras";

export function CamerasPage() {
  useTitle("Cameras");
  const { list, value, error, reload, change } = useCameras();
  const [adding, setAdding] = useState(false);
  const now = useNow();
  const writes = usePlace().may("cameras:write");
  const empty = value !== null && list.length === 0;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Cameras</h1>
        {!adding && !empty && writes && (
          <button type="button" className="button button-primary" onClick={() => setAdding(true)} data-testid="camera-add">
            <Plus size={16} aria-hidden="true" />
            Add a camera
          </button>
        )}
      </header>
      {error && !value && <Failure sentence={error} retry={reload} />}
      {(adding || empty) && writes && (
        <AddCamera
          onAdded={(camera) => {
            change((old) => [...old.filter(({ id }) => id !== camera.id), camera]);
            setAdding(false);
            reload();
          }}
          {...(empty ? {} : { onCancel: () => setAdding(false) })}
        />
      )}
      {empty && (
        <Empty title="No cameras yet" icon={<Cctv size={36} aria-hidden="true" />}>
          <p>Any camera with an RTSP address will do. Its maker's manual says what the address looks like.</p>
        </Empty>
      )}
      {list.length > 0 && (
        <div className="camera-list" role="table" aria-label="Cameras">
          <div className="camera-row camera-head" role="row">
            {["Camera", "State", "Camera fps", "Analysed", "Picture", "Last frame", ""].map((title) => (
              <span key={title} role="columnheader">
                {title || <span className="visually-hidden">Actions</span>}
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
      <Figure name="Camera" value={fps(camera.fps_in)} />
      <Figure name="Analysed" value={fps(camera.fps_analysed)} />
      <Figure name="Picture" value={size(camera.width, camera.height)} />
      <Figure name="Last frame" value={ago(camera.last_frame_at, now)} />
      <span role="cell" className="camera-tools">
        {may("cameras:write") && (
          <button type="button" className="icon-button" aria-label={`Remove ${camera.name}`} title="Remove" onClick={() => setAsking(true)} data-testid="camera-remove">
            <Trash2 size={18} />
          </button>
        )}
      </span>
      {asking && (
        <Confirm title={`Remove ${camera.name}?`} act="Remove camera" busy={busy} onAct={() => void remove()} onCancel={() => setAsking(false)}>
          <p>Analysis of this camera stops, and its zones go with it. Alerts that it raised stay.</p>
          {error && (
            <p className="form-error" role="alert">
              {error}
            </p>
          )}
        </Confirm>
      )}
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <span role="cell" className="figure" data-name={name}>
      {value}
    </span>
  );
}
