import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { checkCameraList, discoverCameras, importCameras } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import { anyway, EndsWithCameras, useCoverage } from "../policy/Coverage";
import { usePlace } from "../shell/stores";
import { t } from "./texts";

/** Cameras that answer on the network; one of them may be taken over into the form. */
export function Discover({ use }: { use: (url: string, name: string) => void }) {
  const search = useMutation({ mutationFn: discoverCameras });
  const found = search.data?.items ?? [];
  return (
    <section className="panel" aria-label={t("find")}>
      <h2>{t("find")}</h2>
      <p className="page-note">{t("findNote")}</p>
      <div className="form-actions">
        <button type="button" className="button" onClick={() => search.mutate()} disabled={search.isPending} data-testid="camera-discover">
          {search.isPending ? t("looking") : search.isSuccess ? t("look") : t("find")}
        </button>
      </div>
      <div role="status" data-testid="camera-discovered">
        {search.isError && <p className="form-error">{sentenceFor(search.error)}</p>}
        {search.isSuccess && <p>{found.length > 0 ? t("found", { count: found.length }) : t("nobody")}</p>}
      </div>
      {found.length > 0 && (
        <ul className="rows">
          {found.map((device) => (
            <li key={device.endpoint} className="row">
              <span>
                <strong>{device.name || device.host}</strong> <small>{[device.hardware, device.host].filter(Boolean).join(" · ")}</small>
              </span>
              <button type="button" className="button button-small" onClick={() => use(device.url, device.name || device.host)}>
                {t("use")}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A CSV file: every line is judged first, then all are added or none. */
export function ImportList({ added }: { added: () => void }) {
  const { store } = usePlace();
  const ends = useCoverage()?.ends_with_cameras ?? [];
  const [csv, setCsv] = useState<string | null>(null);
  const check = useMutation({ mutationFn: (text: string) => checkCameraList(store.id, text) });
  const add = useMutation({ mutationFn: (text: string) => importCameras(store.id, text), onSuccess: added });
  const lines = check.data?.lines ?? [];
  const wrong = lines.filter(({ problem }) => problem).length;
  const error = check.error ?? add.error;
  const choose = async (file: File | undefined) => {
    check.reset();
    add.reset();
    setCsv(file ? await file.text() : null);
  };
  return (
    <section className="panel" aria-label={t("list")}>
      <h2>{t("list")}</h2>
      <p className="page-note">{t("listNote")}</p>
      <label className="field">
        <span>{t("file")}</span>
        <input type="file" accept=".csv,text/csv" onChange={(event) => void choose(event.target.files?.[0])} data-testid="camera-list" />
      </label>
      {lines.length > 0 && wrong === 0 && <EndsWithCameras ends={ends} />}
      <div className="form-actions">
        <button type="button" className="button" onClick={() => csv !== null && check.mutate(csv)} disabled={csv === null || check.isPending} data-testid="camera-list-check">
          {check.isPending ? t("checking") : t("check")}
        </button>
        {lines.length > 0 && wrong === 0 && (
          <button type="button" className="button button-primary" onClick={() => csv !== null && add.mutate(csv)} disabled={add.isPending} data-testid="camera-list-add">
            {anyway(t("addAll", { count: lines.length }), ends)}
          </button>
        )}
      </div>
      {error && (
        <p className="form-error" role="alert">
          {sentenceFor(error)}
        </p>
      )}
      {wrong > 0 && <p role="status">{t("wrong", { count: wrong })}</p>}
      {lines.length > 0 && (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={t("verdict")}>
          <table data-testid="camera-list-lines">
            <thead>
              <tr>
                {[t("line"), t("name"), t("address"), t("verdict")].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map(({ line, name, url, problem }) => (
                <tr key={line} data-wrong={problem !== ""}>
                  <td>{line}</td>
                  <td>{name}</td>
                  <td>{url}</td>
                  <td>{problem || t("fine")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
