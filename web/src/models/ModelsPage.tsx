import { useQuery } from "@tanstack/react-query";
import { Answer } from "../parts/Query";
import { Problem, useAct } from "../security/parts";
import { useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { endShadow, models, rollBack, shadowReport, type Models, type Pointer, type Watch } from "./endpoints";
import { Drift } from "./Drift";
import { ShadowRun } from "./ShadowRun";
import { VersionRow } from "./VersionRow";
import { share } from "./words";
import { t } from "./texts";

const LOOK_EVERY_MS = 5_000;

/** Which version cameras use, what was pushed, and how a version that runs beside it compares. */
export function ModelsPage() {
  useTitle(t("models"));
  const known = useQuery({ queryKey: ["models"], queryFn: models, refetchInterval: LOOK_EVERY_MS });
  const shadow = useQuery({ queryKey: ["models", "shadow"], queryFn: shadowReport, refetchInterval: ({ state }) => !state.data?.shadow.ended_at && LOOK_EVERY_MS });
  const reload = () => {
    void known.refetch();
    void shadow.refetch();
  };
  return (
    <div className="page page-administration page-models">
      <header className="page-head">
        <div>
          <h1>{t("models")}</h1>
          <p className="page-note">{t("pushAVersionWithPennyprotectModels")}</p>
        </div>
      </header>
      <Answer of={known}>
        {(found) => (
          <>
            {found.pushing.map((what) => (
              <p key={what} className="page-note" role="status" data-testid="model-push">
                {t("pushUnderWay", { what })}
              </p>
            ))}
            {found.pointers.map((pointer) => (
              <InUse key={pointer.model} pointer={pointer} watch={found.watches.find(({ model }) => model === pointer.model)} changed={reload} />
            ))}
            <Versions found={found} shadowed={shadow.data && shadow.data.shadow.ended_at === null ? shadow.data.shadow.version : null} changed={reload} />
          </>
        )}
      </Answer>
      <Answer of={shadow}>{(report) => report && <Beside report={report} changed={reload} />}</Answer>
      <Drift />
    </div>
  );
}

function InUse({ pointer, watch, changed }: { pointer: Pointer; watch: Watch | undefined; changed: () => void }) {
  const { may } = usePlace();
  const { busy, error, run } = useAct();
  const able = may("models:write") && (pointer.candidate !== null || pointer.previous !== null);
  const watched = watch?.watched_until && Date.parse(watch.watched_until) > Date.now();
  return (
    <section className="panel" aria-label={t("inUseModel", { model: pointer.model })} data-testid="model-in-use">
      <div className="panel-head">
        <h2>
          {t("version2", { model: pointer.model, stable: String(pointer.stable) })}
          {pointer.candidate !== null && t("andOnOfTheCameras", { candidate: String(pointer.candidate), share: share(pointer.share) })}
        </h2>
        {able && (
          <button type="button" className="button" disabled={busy} onClick={() => void run(async () => (await rollBack(pointer.model), changed()))} data-testid="model-rollback">
            {t("rollBackTo")}{" "}{pointer.candidate !== null ? pointer.stable : pointer.previous}
          </button>
        )}
      </div>
      {watch?.taken_back_because && (
        <p className="form-error" role="status" data-testid="model-taken-back">
          {t("theLastPromotionWasTakenBack", { takenBackBecause: watch.taken_back_because })}
        </p>
      )}
      {(pointer.candidate !== null || watched) && watch && (
        <p className="page-note">
          {t("takenBackByItselfWhenMore", { failures: share(watch.limits.failures), slower: watch.limits.slower })}
          {watch.limits.agreement > 0 && t("orAComparisonBesideItAgrees", { agreement: watch.limits.agreement })}
          {pointer.candidate === null && watch.watched_until && t("watchedUntil", { watchedUntil: clock(watch.watched_until, Date.now()) })}.
        </p>
      )}
      {pointer.candidate === null && pointer.previous === null && !watch?.taken_back_because && <p className="page-note">{t("allCamerasUseThisVersion")}</p>}
      <Problem sentence={error} />
    </section>
  );
}

function Versions({ found, shadowed, changed }: { found: Models; shadowed: number | null; changed: () => void }) {
  if (found.versions.length === 0)
    return (
      <section className="panel" aria-label={t("versions")}>
        <h2>{t("versions")}</h2>
        <p className="page-note">{t("nothingWasPushedYetVersion1")}</p>
      </section>
    );
  return (
    <section className="panel" aria-label={t("versions")}>
      <h2>{t("versions")}</h2>
      <ul className="rows" data-testid="model-versions">
        {found.versions.map((version) => (
          <VersionRow key={version.id} version={version} pointer={found.pointers.find(({ model }) => model === version.model)} shadowed={shadowed} changed={changed} />
        ))}
      </ul>
    </section>
  );
}

function Beside({ report, changed }: { report: NonNullable<Awaited<ReturnType<typeof shadowReport>>>; changed: () => void }) {
  const { may } = usePlace();
  const { busy, error, run } = useAct();
  const { shadow } = report;
  return (
    <section className="panel" aria-label={t("comparison")} data-testid="model-shadow">
      <div className="panel-head">
        <h2>
          {t("versionBesideTheOneInUse", { version: String(shadow.version) })}
          <small className="quiet"> {shadow.ended_at === null ? t("onOfTheCamerasSince", { share: share(shadow.share), startedAt: clock(shadow.started_at, Date.now()) }) : t("ended", { endedAt: clock(shadow.ended_at, Date.now()) })}</small>
        </h2>
        {may("models:write") && shadow.ended_at === null && (
          <button type="button" className="button" disabled={busy} onClick={() => void run(async () => (await endShadow(shadow.model), changed()))} data-testid="shadow-end">
            {t("endTheComparison")}
          </button>
        )}
      </div>
      <Problem sentence={error} />
      <ShadowRun report={report} />
    </section>
  );
}
