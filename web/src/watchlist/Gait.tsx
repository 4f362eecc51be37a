import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { useCoverage } from "../policy/Coverage";
import { Failure } from "../shell/Empty";
import { useLoad } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { Asked } from "./Asked";
import type { Entry } from "./endpoints";
import { approveWalk, cadenceOf, proposeWalk, removeWalk, t, walksOf, type Walk } from "./gait";

/** The walk beside an approved entry's picture; offered only where the store's gait switch is on. */
export function EntryWalk({ entry }: { entry: Entry }) {
  const known = useCoverage();
  const [open, setOpen] = useState(false);
  const { value, error, reload } = useLoad(open ? `gait ${entry.id}` : null, () => walksOf(entry.id));
  const { may } = usePlace();
  const [failed, setFailed] = useState<string | null>(null);
  if (!known?.on.includes("gait")) return null;
  if (!open)
    return (
      <button type="button" className="button button-quiet" onClick={() => setOpen(true)} data-testid="entry-gait">
        {t("walk")}
      </button>
    );
  const attempt = async (work: () => Promise<unknown>) => {
    setFailed(null);
    try {
      await work();
      reload();
    } catch (reason) {
      setFailed(sentenceFor(reason));
    }
  };
  return (
    <div className="renew" data-testid="entry-gait-open">
      {error && <Failure sentence={error} retry={reload} />}
      {failed && (
        <p className="form-error" role="alert">
          {failed}
        </p>
      )}
      {value?.map((walk) => (
        <Kept key={walk.id} walk={walk} attempt={attempt} />
      ))}
      {value?.length === 0 && <p className="quiet">{t("none")}</p>}
      <p className="quiet">{t("limits")}</p>
      {value?.length === 0 && may("enrolments:write") && <Propose entry={entry} attempt={attempt} />}
    </div>
  );
}

type Attempt = (work: () => Promise<unknown>) => Promise<void>;

function Kept({ walk, attempt }: { walk: Walk; attempt: Attempt }) {
  const { me, may } = usePlace();
  const waits = walk.approved_by === null;
  const steps = cadenceOf(walk);
  return (
    <>
      <p data-testid="gait-kept" data-waits={waits}>
        {t(waits ? "waits" : "stands")} {steps !== null && t("steps", { value: steps.toFixed(0) })} <small>{t("from", { source: walk.source })}</small>
      </p>
      <span className="entry-acts">
        {waits && may("enrolments:approve") && walk.proposed_by !== me.id && (
          <Asked label={t("approve")} placeholder={t("whyApproved")} act={(reason) => attempt(() => approveWalk(walk.enrolment_id, reason))} testId="gait-approve" />
        )}
        {may("enrolments:write") && <Asked label={t("remove")} placeholder={t("whyRemoved")} act={(reason) => attempt(() => removeWalk(walk.enrolment_id, reason))} testId="gait-remove" />}
      </span>
    </>
  );
}

function Propose({ entry, attempt }: { entry: Entry; attempt: Attempt }) {
  const [clip, setClip] = useState<File | null>(null);
  const [source, setSource] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (clip === null) return;
    setBusy(true);
    await attempt(() => proposeWalk(entry.id, clip, source.trim()));
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label className="field">
        <span>{t("clip")}</span>
        <input type="file" required accept="video/mp4" onChange={({ target }) => setClip(target.files?.[0] ?? null)} data-testid="gait-clip" />
      </label>
      <label className="field">
        <span>{t("source")}</span>
        <input required maxLength={500} value={source} onChange={({ target }) => setSource(target.value)} data-testid="gait-source" />
      </label>
      <div className="form-actions">
        <button type="submit" className="button" disabled={busy || clip === null || source.trim() === ""} data-testid="gait-propose">
          {t(busy ? "measuring" : "measure")}
        </button>
      </div>
    </form>
  );
}
