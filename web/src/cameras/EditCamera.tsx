import { useState, type FormEvent } from "react";
import { changeCamera } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Camera } from "../api/types";
import { anyway, EndsWithCameras, useCoverage } from "../policy/Coverage";
import { sameAddress } from "./addresses";
import { t } from "./texts";

/** Name, address and whether the camera is on. */
export function EditCamera({ camera, onChanged }: { camera: Camera; onChanged: (camera: Camera) => void }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState(camera.name);
  const [url, setUrl] = useState(camera.url);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const bound = useCoverage()?.ends_with_addresses ?? [];
  const ends = sameAddress(url, camera.url) ? [] : bound;

  const save = async (change: Parameters<typeof changeCamera>[1]) => {
    setBusy(true);
    setError(null);
    try {
      const changed = await changeCamera(camera.id, change);
      onChanged(changed);
      setName(changed.name);
      setUrl(changed.url);
      setOpen(false);
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save({ ...(name.trim() !== camera.name ? { name: name.trim() } : {}), ...(url.trim() !== camera.url ? { url: url.trim() } : {}) });
  };
  const begin = () => {
    setName(camera.name);
    setUrl(camera.url);
    setOpen(true);
  };

  return (
    <section className="panel" aria-label={t("settings")}>
      <div className="rule-head">
        <h2>{t("settings")}</h2>
        <label className="toggle">
          <input type="checkbox" checked={camera.enabled} disabled={busy} onChange={(event) => void save({ enabled: event.target.checked })} />
          <span>{camera.enabled ? t("on") : t("off")}</span>
        </label>
      </div>
      {open ? (
        <form className="edit-camera" onSubmit={submit}>
          <label className="field">
            <span>{t("name")}</span>
            <input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
          </label>
          <label className="field">
            <span>{t("address")}</span>
            <input value={url} autoComplete="off" autoCapitalize="none" spellCheck={false} onChange={(event) => setUrl(event.target.value)} />
            <small>{camera.has_credentials ? t("itsPasswordStaysAsItIs") : t("writeUserPasswordBeforeTheHost")}</small>
          </label>
          <EndsWithCameras ends={ends} by="moving" />
          <div className="form-actions">
            <button type="submit" className="button button-primary" disabled={busy || !name.trim() || !url.trim()}>
              {busy ? t("saving") : anyway(t("save"), ends)}
            </button>
            <button type="button" className="button button-quiet" onClick={() => (setOpen(false), setError(null))}>
              {t("cancel")}
            </button>
          </div>
        </form>
      ) : (
        <div className="settings-line">
          <small>{camera.url}</small>
          <button type="button" className="button button-small" onClick={begin}>
            {t("change")}
          </button>
        </div>
      )}
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
    </section>
  );
}
