import { useEffect, useRef, useState, type FormEvent } from "react";
import { addCamera, probeCamera } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera, ProbeResult } from "../api/types";
import { anyway, EndsWithCameras, useCoverage } from "../policy/Coverage";
import { usePlace } from "../shell/stores";
import { fps, size } from "../text/format";
import { t } from "./texts";

interface Props {
  onAdded: (camera: Camera) => void;
  onCancel?: () => void;
  /** What the fields hold at first. */
  start?: { url: string; name: string };
}

/** Name and address, a test that shows what the camera sees, then save. */
export function AddCamera({ onAdded, onCancel, start }: Props) {
  const { store } = usePlace();
  const [url, setUrl] = useState(start?.url ?? "");
  const [name, setName] = useState(start?.name ?? "");
  const ends = useCoverage()?.ends_with_cameras ?? [];
  const [busy, setBusy] = useState<"test" | "save" | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [seen, setSeen] = useState<ProbeResult | null>(null);
  const testing = useRef<AbortController | null>(null);
  useEffect(() => () => testing.current?.abort(), []);

  const test = async () => {
    testing.current?.abort();
    const stop = (testing.current = new AbortController());
    setBusy("test");
    setError(null);
    setSeen(null);
    try {
      const result = await probeCamera(url.trim(), stop.signal);
      if (!stop.signal.aborted) setSeen(result);
    } catch (reason) {
      if (!stop.signal.aborted) setError(sentenceFor(reason));
    }
    if (!stop.signal.aborted) setBusy(null);
  };

  const save = async (event: FormEvent) => {
    event.preventDefault();
    testing.current?.abort();
    setBusy("save");
    setError(null);
    try {
      onAdded(await addCamera(store.id, name.trim() || nameFrom(url), url.trim()));
    } catch (reason) {
      setError(sentenceFor(reason));
      setBusy(null);
    }
  };

  const changeUrl = (next: string) => {
    testing.current?.abort();
    if (busy === "test") setBusy(null);
    setUrl(next);
    setSeen(null);
    setError(null);
  };

  return (
    <form className="panel add-camera" onSubmit={(event) => void save(event)} aria-label={t("add")}>
      <div className="add-fields">
        <h2>{t("add")}</h2>
        <label className="field">
          <span>{t("name")}</span>
          <input data-testid="camera-add-name" value={name} maxLength={200} placeholder={t("entrance")} onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="field">
          <span>{t("address")}</span>
          <input data-testid="camera-add-url" value={url} inputMode="url" autoComplete="off" autoCapitalize="none" spellCheck={false} placeholder="rtsp://user:password@192.168.1.20/stream1" onChange={(event) => changeUrl(event.target.value)} />
          <small>{t("thePasswordIsStoredEncryptedAnd")}</small>
        </label>
        {error && (
          <p className="form-error" role="alert" data-testid="camera-error">
            {error}
          </p>
        )}
        <EndsWithCameras ends={ends} />
        <div className="form-actions">
          <button type="button" className="button" data-testid="camera-test" onClick={() => void test()} disabled={busy !== null || !url.trim()}>
            {busy === "test" ? t("connecting") : t("test")}
          </button>
          <button type="submit" className="button button-primary" data-testid="camera-save" disabled={busy === "save" || !url.trim()}>
            {busy === "save" ? t("saving") : anyway(t("save"), ends)}
          </button>
          {onCancel && (
            <button type="button" className="button button-quiet" onClick={onCancel}>
              {t("cancel")}
            </button>
          )}
        </div>
      </div>
      <div className="add-preview" aria-live="polite" data-busy={busy === "test"}>
        {seen ? (
          <figure>
            <img data-testid="camera-snapshot" src={`data:image/jpeg;base64,${seen.snapshot}`} alt={t("whatTheCameraSeesNow")} />
            <figcaption>
              {size(seen.width, seen.height)} · {fps(seen.fps)} · {seen.codec}
            </figcaption>
          </figure>
        ) : (
          <p className="quiet">{busy === "test" ? t("openingTheStreamAndWaitingFor") : t("testTheAddressToSeeThe")}</p>
        )}
      </div>
    </form>
  );
}

/** The host of an address: a name to start with. */
function nameFrom(url: string): string {
  const host = /^[a-z]+:\/\/(?:[^@/]*@)?([^/:?]+)/i.exec(url.trim())?.[1];
  return host ?? url.trim().split("/").pop() ?? t("camera");
}
