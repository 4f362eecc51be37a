import { useState } from "react";
import { Problem, useAct } from "../security/parts";
import { usePlace } from "../shell/stores";
import { date } from "../text/format";
import { POSE_MODEL, promote, retire, startShadow, type Pointer, type Version } from "./endpoints";
import { share } from "./words";
import { t } from "./texts";

const SHARES = [0.1, 0.25, 0.5, 1] as const;

interface Props {
  version: Version;
  pointer: Pointer | undefined;
  /** The version that runs beside the one in use, if any does. */
  shadowed: number | null;
  changed: () => void;
}

/** A pushed version, what its checks measured, and what may be done with it now. */
export function VersionRow({ version, pointer, shadowed, changed }: Props) {
  const { may } = usePlace();
  const state = stateOf(version, pointer, shadowed);
  const latency = version.report["p50_ms"];
  return (
    <li className="row models-version" data-testid="model-version" data-version={version.version}>
      <div className="models-version-head">
        <strong>{version.version}</strong>
        <span>
          {version.artefact}
          <small>
            {t("pushed", { publisher: version.publisher, licence: version.licence, pushedAt: date(version.pushed_at) })}
            {typeof latency === "number" && t("msAFrameWhenItWas", { latency })}
          </small>
          {version.refused_because && <small className="form-error">{t("tritonMayNotLoadIt", { why: version.refused_because })}</small>}
        </span>
        <span className="tag" data-state={state.tone}>
          {state.word}
        </span>
      </div>
      {may("models:write") && version.state === "ready" && pointer && <Acts version={version} pointer={pointer} shadowed={shadowed} changed={changed} />}
    </li>
  );
}

function Acts({ version, pointer, shadowed, changed }: Props & { pointer: Pointer }) {
  const { busy, error, run } = useAct();
  const [part, setPart] = useState<number>(0.25);
  const [anyAgreement, setAnyAgreement] = useState(false);
  const serves = version.version === pointer.stable;
  const used = serves || version.version === pointer.candidate;
  const compared = version.model === POSE_MODEL && shadowed === version.version;
  const blocked = pointer.candidate !== null && pointer.candidate !== version.version;
  const act = (work: () => Promise<unknown>) => void run(async () => (await work(), changed()));
  if (serves) return null;
  return (
    <div className="models-acts">
      <select aria-label={t("shareOfTheCamerasForVersion", { version: String(version.version) })} value={part} onChange={(event) => setPart(Number(event.target.value))}>
        {SHARES.map((value) => (
          <option key={value} value={value}>
            {value === 1 ? t("allCameras") : t("ofTheCameras", { value: share(value) })}
          </option>
        ))}
      </select>
      {version.model === POSE_MODEL && (
        <button type="button" className="button" disabled={busy || (shadowed !== null && !compared)} onClick={() => act(() => startShadow(version.id, part))} data-testid="version-shadow">
          {compared ? t("compareOnThisShare") : t("compare")}
        </button>
      )}
      <button
        type="button"
        className="button button-primary"
        disabled={busy || blocked}
        onClick={() => act(() => promote(version.id, part, anyAgreement ? { agreement: 0 } : {}))}
        data-testid="version-promote"
      >
        {t("promote")}
      </button>
      <label className="models-any">
        <input type="checkbox" checked={anyAgreement} onChange={(event) => setAnyAgreement(event.target.checked)} />
        {t("evenWhereItDisagrees")}
      </label>
      {!used && (
        <button type="button" className="button button-quiet" disabled={busy || compared} onClick={() => act(() => retire(version.id))} data-testid="version-retire">
          {busy ? t("wait") : t("retire")}
        </button>
      )}
      <Problem sentence={error} />
    </div>
  );
}

function stateOf(version: Version, pointer: Pointer | undefined, shadowed: number | null): { word: string; tone: string } {
  if (version.state !== "ready") return { word: version.state, tone: "gone" };
  if (version.version === pointer?.stable) return { word: t("inUse"), tone: "good" };
  if (version.version === pointer?.candidate) return { word: t("onOfTheCameras", { share: share(pointer.share) }), tone: "ending" };
  if (version.version === shadowed) return { word: t("compared"), tone: "ending" };
  return { word: t("servedUsedByNoCamera"), tone: "idle" };
}
