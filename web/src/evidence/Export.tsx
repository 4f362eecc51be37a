import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { lookAgain } from "../api/queries";
import { Secret } from "../administration/Secret";
import { Dialog } from "../parts/Dialog";
import { saveAs } from "../parts/save";
import { Problem, useAct } from "../security/parts";
import { useLoad } from "../shell/hooks";
import { askForExport, boxes, exportsOf, packageOf, previewOf, signingKey, type Boxes, type ExportMade, type Piece, type Redaction } from "./endpoints";
import { isBeingMade } from "./custodyWords";
import { REDACTION_WORDS, seenMost } from "./redaction";
import { boxesOfMoment, type Box } from "./timeline";
import { days } from "../text/format";
import { t } from "./texts";

const LIVE_DAYS = [1, 3, 7];
const MOST_OFFERED = 12;
const LOOK_AGAIN_MS = 2_000;

/** What leaves the house: who stays visible, for whom and why; with a look at it before. */
export function Export({ piece, close }: { piece: Piece; close: () => void }) {
  const [redaction, setRedaction] = useState<Redaction>("bodies");
  const [subjects, setSubjects] = useState<string[] | null>(null);
  const [purpose, setPurpose] = useState("");
  const [recipient, setRecipient] = useState("");
  const [hours, setHours] = useState(72);
  const [made, setMade] = useState<ExportMade | null>(null);
  const people = useLoad(`boxes-${piece.id}`, () => boxes(piece.id));
  const { busy, error, run } = useAct();
  const visible = subjects ?? people.value?.subjects ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => setMade(await askForExport(piece.id, { purpose: purpose.trim(), recipient: recipient.trim(), redaction, subjects, valid_hours: hours })));
  };
  const toggle = (track: string) => setSubjects(visible.includes(track) ? visible.filter((each) => each !== track) : [...visible, track]);
  return (
    <Dialog title={t("exportEvidence")} onClose={close} wide testId="export">
      {made ? (
        <Made made={made} close={close} />
      ) : (
        <form className="stack" onSubmit={submit}>
          <Preview id={piece.id} redaction={redaction} subjects={subjects} people={people.value ? numbered(piece, people.value) : []} />
          {redaction !== "none" && <p className="quiet">{t("onlyFoundAreBlurred")}</p>}
          <div className="channel-fields">
            <label className="field">
              <span>{t("whatIsBlurred")}</span>
              <select value={redaction} data-testid="export-redaction" onChange={(event) => setRedaction(event.target.value as Redaction)}>
                {(Object.keys(REDACTION_WORDS) as Redaction[]).map((each) => (
                  <option key={each} value={each}>
                    {REDACTION_WORDS[each]}
                  </option>
                ))}
              </select>
            </label>
            <label className="field">
              <span>{t("forWhom")}</span>
              <input value={recipient} required maxLength={200} placeholder={t("cityPoliceCase12345")} data-testid="export-recipient" onChange={(event) => setRecipient(event.target.value)} />
            </label>
            <label className="field channel-address">
              <span>{t("why")}</span>
              <input value={purpose} required maxLength={500} placeholder={t("reportOfATheft")} data-testid="export-purpose" onChange={(event) => setPurpose(event.target.value)} />
            </label>
            <label className="field">
              <span>{t("theLinkIsGoodFor")}</span>
              <select value={hours} onChange={(event) => setHours(Number(event.target.value))}>
                {LIVE_DAYS.map((each) => (
                  <option key={each} value={each * 24}>
                    {days(each)}
                  </option>
                ))}
              </select>
            </label>
          </div>
          {(redaction === "bodies" || redaction === "faces") && people.value && (
            <fieldset className="choices">
              <legend>{t("whoStaysVisibleTheNumbersStand")}</legend>
              {seenMost(people.value, MOST_OFFERED).map((track, index) => (
                <label key={track} className="choice">
                  <input type="checkbox" checked={visible.includes(track)} onChange={() => toggle(track)} />
                  <span>
                    {t("person", { index: index + 1 })}
                    {people.value?.subjects.includes(track) && t("whomTheAlertIsAbout")}
                  </span>
                </label>
              ))}
            </fieldset>
          )}
          <Problem sentence={error} testId="export-error" />
          <div className="form-actions">
            <button type="submit" className="button button-primary" disabled={busy || !purpose.trim() || !recipient.trim()} data-testid="export-make">
              {busy ? t("asking") : t("makeThePackage")}
            </button>
            <button type="button" className="button button-quiet" onClick={close}>
              {t("cancel")}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

/** The picture of the moment as the package will show it; each look leaves a link of custody. */
function Preview({ id, redaction, subjects, people }: { id: string; redaction: Redaction; subjects: string[] | null; people: [number: number, box: Box][] }) {
  const [shown, setShown] = useState<{ of: string; address: string } | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const wanted = `${redaction} ${subjects?.join(",") ?? "-"}`;
  useEffect(() => {
    const stop = new AbortController();
    const [mode = "bodies", listed = "-"] = wanted.split(" ");
    const chosen = listed === "-" ? null : listed.split(",").filter(Boolean);
    setFailed(null);
    previewOf(id, mode as Redaction, chosen, stop.signal).then(
      (blob) => !stop.signal.aborted && setShown({ of: wanted, address: URL.createObjectURL(blob) }),
      (error: unknown) => !stop.signal.aborted && setFailed(sentenceFor(error)),
    );
    return () => stop.abort();
  }, [id, wanted]);
  useEffect(() => () => (shown ? URL.revokeObjectURL(shown.address) : undefined), [shown]);
  if (failed) return <Problem sentence={failed} />;
  if (shown?.of !== wanted) return <p className="page-note export-preview">{t("makingAPreview")}</p>;
  return (
    <div className="export-preview" data-testid="export-preview">
      <img className="evidence-still" src={shown.address} alt={t("theMomentAsThePackageWill")} />
      {people.map(([number, [, x1, y1, x2]]) => (
        <span key={number} className="export-number" style={{ left: `${((x1 + x2) / 2) * 100}%`, top: `${y1 * 100}%` }}>
          {number}
        </span>
      ))}
    </div>
  );
}

/** Whom the moment shows, by the numbers under which they are offered. */
function numbered(piece: Piece, seen: Boxes): [number: number, box: Box][] {
  const offered = seenMost(seen, MOST_OFFERED);
  return boxesOfMoment(piece, seen.frames)
    .filter(([track]) => offered.includes(track))
    .map((box) => [offered.indexOf(box[0]) + 1, box]);
}

function Made({ made, close }: { made: ExportMade; close: () => void }) {
  const key = useLoad("signing-key", signingKey);
  return (
    <div className="stack">
      <Package made={made} />
      <Secret title={t("theLink")} secret={made.link ? window.location.origin + made.link : null} done={close} testId="export-link">
        <p>{t("giveItToTheRecipientIt")}</p>
      </Secret>
      {key.value && (
        <p className="quiet">
          {t("theyCheckThePackageWith")}{" "}<code>pennyprotect evidence verify</code>{t("tellThemTheKeyOnAnother")}{" "}<code className="secret">{key.value.fingerprint}</code>
        </p>
      )}
    </div>
  );
}

const PACKAGE_WORDS: Record<ExportMade["state"], (made: ExportMade) => string> = {
  waiting: () => t("packageOnItsWay"),
  making: () => t("packageOnItsWay"),
  ready: () => t("packageReady"),
  failed: ({ reason }) => t("packageFailed", { reason }),
  ended: () => t("packageOver"),
};

/** Where the package stands, looked at until it is made; who asked for it can take it along at once, and custody says who it was. */
function Package({ made }: { made: ExportMade }) {
  const act = useAct();
  const take = async () => saveAs(await packageOf(made.evidence_id, made.id), `evidence-${made.evidence_id}.zip`);
  const { data } = useQuery({
    queryKey: ["exports", made.evidence_id],
    queryFn: () => exportsOf(made.evidence_id),
    refetchInterval: lookAgain<ExportMade[]>(LOOK_AGAIN_MS, (all) => all.some(({ id, state }) => id === made.id && isBeingMade(state))),
  });
  const now = data?.find(({ id }) => id === made.id) ?? made;
  return (
    <div className="export-package" role="status" data-state={now.state} data-testid="export-package">
      <p>{PACKAGE_WORDS[now.state](now)}</p>
      {now.state === "ready" && (
        <button type="button" className="button button-primary" disabled={act.busy} onClick={() => void act.run(take)} data-testid="export-download">
          <Download size={16} aria-hidden="true" />
          {t("download")}
        </button>
      )}
      <Problem sentence={act.error} />
    </div>
  );
}
