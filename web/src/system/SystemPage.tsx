import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { readiness } from "../api/endpoints";
import type { CameraState } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { Answer } from "../parts/Query";
import { useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { liveSocket } from "../socket/socket";
import { CAMERA_STATE_WORDS } from "../text/format";
import { t } from "./texts";

const LOOK_EVERY_MS = 5_000;
const PARTS = ["postgres", "bus", "memory", "triton", "workers", "pipeline"] as const;

/** Whether each part of the product answers, and how the store's cameras are. */
export function SystemPage() {
  useTitle(t("title"));
  const state = useQuery({ queryKey: ["readiness"], queryFn: readiness, refetchInterval: LOOK_EVERY_MS, retry: false });
  return (
    <div className="page page-administration">
      <header className="page-head">
        <h1>{t("title")}</h1>
      </header>
      <Answer of={state}>
        {({ ready, dependencies }) => (
          <section className="panel" aria-label={t("title")} data-testid="system-parts">
            <h2>
              <State ok={ready} word={ready ? t("ready") : t("notReady")} />
            </h2>
            {dependencies.length === 0 ? (
              <p className="page-note">{t("hidden")}</p>
            ) : (
              <table className="data-table">
                <thead>
                  <tr>
                    <th scope="col">{t("part")}</th>
                    <th scope="col">{t("state")}</th>
                    <th scope="col">{t("took")}</th>
                    <th scope="col">{t("detail")}</th>
                  </tr>
                </thead>
                <tbody>
                  {dependencies.map(({ name, ok, took_ms, detail }) => (
                    <tr key={name} data-testid="system-part" data-ok={ok}>
                      <th scope="row">{partName(name)}</th>
                      <td>
                        <State ok={ok} word={ok ? t("ok") : t("away")} />
                      </td>
                      <td>{t("ms", { value: took_ms.toFixed(1) })}</td>
                      <td>{detail}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </section>
        )}
      </Answer>
      <Cameras />
      <Browser />
    </div>
  );
}

function Cameras() {
  const { list } = useCameras();
  const { store } = usePlace();
  const counts = new Map<CameraState, number>();
  for (const { state } of list) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <section className="panel" aria-label={t("cameras", { store: store.name })}>
      <h2>{t("cameras", { store: store.name })}</h2>
      <dl className="facts">
        {[...counts].map(([state, count]) => (
          <div key={state} className="fact">
            <dt>{CAMERA_STATE_WORDS[state]}</dt>
            <dd>{count}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Browser() {
  const status = useSyncExternalStore(liveSocket.subscribe, liveSocket.snapshot);
  return (
    <section className="panel" aria-label={t("browser")}>
      <h2>{t("browser")}</h2>
      <dl className="facts">
        <div className="fact">
          <dt>{t("socket")}</dt>
          <dd>{status === "open" ? t("open") : t("closed")}</dd>
        </div>
      </dl>
    </section>
  );
}

function State({ ok, word }: { ok: boolean; word: string }) {
  return (
    <span className="state" data-state={ok ? "live" : "refused"}>
      <span className="dot" aria-hidden="true" />
      {word}
    </span>
  );
}

function partName(name: string): string {
  const known = PARTS.find((each) => each === name);
  return known ? t(known) : name;
}
