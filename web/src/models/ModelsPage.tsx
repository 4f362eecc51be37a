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

const LOOK_EVERY_MS = 5_000;

/** Which version cameras use, what was pushed, and how a version that runs beside it compares. */
export function ModelsPage() {
  useTitle("Models");
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
          <h1>Models</h1>
          <p className="page-note">Push a version with “pennyprotect models push”. Compare it beside the one in use, promote it for a share of the cameras, then for all; nothing restarts.</p>
        </div>
      </header>
      <Answer of={known}>
        {(found) => (
          <>
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
    <section className="panel" aria-label={`In use: ${pointer.model}`} data-testid="model-in-use">
      <div className="panel-head">
        <h2>
          {pointer.model}: version {pointer.stable}
          {pointer.candidate !== null && `, and ${pointer.candidate} on ${share(pointer.share)} of the cameras`}
        </h2>
        {able && (
          <button type="button" className="button" disabled={busy} onClick={() => void run(async () => (await rollBack(pointer.model), changed()))} data-testid="model-rollback">
            Roll back to {pointer.candidate !== null ? pointer.stable : pointer.previous}
          </button>
        )}
      </div>
      {watch?.taken_back_because && (
        <p className="form-error" role="status" data-testid="model-taken-back">
          The last promotion was taken back by itself: {watch.taken_back_because}
        </p>
      )}
      {(pointer.candidate !== null || watched) && watch && (
        <p className="page-note">
          Taken back by itself when more than {share(watch.limits.failures)} of its requests fail, its slowest twentieth takes more than {watch.limits.slower} times that of the version before
          {watch.limits.agreement > 0 && `, or a comparison beside it agrees to less than ${watch.limits.agreement}`}
          {pointer.candidate === null && watch.watched_until && `; watched until ${clock(watch.watched_until, Date.now())}`}.
        </p>
      )}
      {pointer.candidate === null && pointer.previous === null && !watch?.taken_back_because && <p className="page-note">All cameras use this version.</p>}
      <Problem sentence={error} />
    </section>
  );
}

function Versions({ found, shadowed, changed }: { found: Models; shadowed: number | null; changed: () => void }) {
  if (found.versions.length === 0)
    return (
      <section className="panel" aria-label="Versions">
        <h2>Versions</h2>
        <p className="page-note">Nothing was pushed yet; version 1 is the one this release brought.</p>
      </section>
    );
  return (
    <section className="panel" aria-label="Versions">
      <h2>Versions</h2>
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
    <section className="panel" aria-label="Comparison" data-testid="model-shadow">
      <div className="panel-head">
        <h2>
          Version {shadow.version} beside the one in use
          <small className="quiet"> {shadow.ended_at === null ? `on ${share(shadow.share)} of the cameras since ${clock(shadow.started_at, Date.now())}` : `ended ${clock(shadow.ended_at, Date.now())}`}</small>
        </h2>
        {may("models:write") && shadow.ended_at === null && (
          <button type="button" className="button" disabled={busy} onClick={() => void run(async () => (await endShadow(shadow.model), changed()))} data-testid="shadow-end">
            End the comparison
          </button>
        )}
      </div>
      <Problem sentence={error} />
      <ShadowRun report={report} />
    </section>
  );
}
