import { useEffect, useRef, useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import type { Id } from "../api/types";
import { Dialog } from "../parts/Dialog";
import { usePlace } from "../shell/stores";
import { FromEvidence } from "./FromEvidence";
import { LookAlikes } from "./LookAlikes";
import { addPerson, checkFace, enrol, type FaceCheck, type IncidentRef, type Watchlist } from "./endpoints";
import { Checked } from "./Picture";
import { categoryName, dayAfter, pictureSources } from "./words";
import { t } from "./texts";

interface Props {
  store: Id;
  lists: readonly Watchlist[];
  incidents: readonly IncidentRef[];
  onClose: () => void;
  onDone: () => void;
}

const EMPTY = {
  name: "", reason: "", source: "incident-evidence", evidence: "", age_basis: "", under_18: "", vulnerable: "", exception_reason: "",
  notice: "", notice_how: "", notice_withheld: "", override_reason: "",
};

/** Enrolment step by step: first a picture that will do, then why, then who was told. Another person approves. */
export function Enrol({ store, lists, incidents, onClose, onDone }: Props) {
  const { may } = usePlace();
  const now = new Date();
  const yesNo = [["", t("choose")], ["false", t("no")], ["true", t("yes")]] as const; // nothing is chosen beforehand: whoever enrols says it
  const [list, setList] = useState(lists[0]?.id ?? "");
  const [incident, setIncident] = useState(incidents[0]?.id ?? "");
  const [file, setFile] = useState<File | null>(null);
  const [address, setAddress] = useState<string | null>(null);
  const [check, setCheck] = useState<FaceCheck | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [refused, setRefused] = useState<string | null>(null); // of the picture, said beside it
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const [draft, setDraft] = useState({ ...EMPTY, review_on: dayAfter(now, 60), expires_on: dayAfter(now, 180), notice_given_on: dayAfter(now, 0) });
  const set = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change });
  useEffect(() => () => (address ? URL.revokeObjectURL(address) : undefined), [address]);

  const attempt = async (work: () => Promise<void>, tell: (sentence: string | null) => void = setError) => {
    setBusy(true);
    tell(null);
    try {
      await work();
    } catch (reason) {
      tell(sentenceFor(reason));
    } finally {
      setBusy(false);
    }
  };
  const choose = (chosen: File | undefined) => {
    if (!chosen) return;
    setFile(chosen);
    setCheck(null);
    setAddress(URL.createObjectURL(chosen));
    setError(null);
    const mine = (turn.current += 1);
    const still = (tell: () => void) => (mine === turn.current ? tell() : undefined); // an earlier picture's answer is of no use
    void attempt(
      async () => {
        const found = await checkFace(store, list, chosen);
        still(() => setCheck(found));
      },
      (sentence) => still(() => setRefused(sentence)),
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const category = lists.find(({ id }) => id === list)?.category;
    if (!file || !category) return;
    void attempt(async () => {
      const { name, notice, expires_on, notice_given_on, notice_how, notice_withheld, ...said } = draft;
      const told = notice === "given" ? { notice_given_on, notice_how } : { notice_withheld };
      const person = await addPerson(store, name);
      await enrol(person.id, file, { ...said, ...told, category, watchlist_id: list, incident_id: incident, expires_at: `${expires_on}T00:00:00Z` });
      onDone();
    });
  };
  const ready = check !== null && !check.hopeless && (check.usable || draft.override_reason.trim() !== "");
  return (
    <Dialog title={t("enrolSomebody")} onClose={onClose} wide testId="enrol">
      <form className="enrol-form" onSubmit={submit}>
        <section>
          <h3>{t("n1TheIncidentAndAPicture")}</h3>
          <Choice label={t("incident")} value={incident} set={setIncident} options={incidents.map((each) => [each.id, each.title])} testId="enrol-incident" />
          <Choice label={t("list")} value={list} set={setList} options={lists.map((each) => [each.id, `${each.name} (${categoryName(each.category)})`])} />
          <input type="file" accept="image/jpeg,image/png" onChange={({ target }) => choose(target.files?.[0])} data-testid="enrol-file" aria-label={t("picture")} />
          {may("evidence:play") && incident && (
            <FromEvidence
              key={incident}
              incident={incident}
              take={(picture, piece) => {
                choose(picture);
                set({ source: "incident-evidence", evidence: `${piece.media_type === "image/jpeg" ? t("still") : t("recording")} ${piece.id}` });
              }}
            />
          )}
          {address && <Checked key={address} address={address} check={check} />}
          {refused && (
            <p className="form-error" role="alert" data-testid="enrol-picture-error">
              {refused}
            </p>
          )}
          {check?.usable && <p className="verdict" data-verdict="allow" data-testid="enrol-usable">{t("oneFaceGoodEnough")}</p>}
          {check && !check.usable && (
            <ul className="findings" data-testid="enrol-findings">
              {check.findings.map(({ finding, why }) => (
                <li key={finding}>{why}</li>
              ))}
            </ul>
          )}
          {check && <LookAlikes key={address} of={check.look_alikes} />}
          {check && !check.usable && !check.hopeless && <Text label={t("whyItShallDoAllThe")} value={draft.override_reason} set={(override_reason) => set({ override_reason })} />}
        </section>
        <section>
          <h3>{t("n2WhyAndForHowLong")}</h3>
          <Text label={t("nameIfItIsKnown")} value={draft.name} set={(name) => set({ name })} testId="enrol-name" />
          <Text label={t("whatThePersonDid")} required value={draft.reason} set={(reason) => set({ reason })} testId="enrol-reason" />
          <Choice label={t("sourceOfThePicture")} value={draft.source} set={(source) => set({ source })} options={pictureSources()} />
          <Text label={t("evidenceReference")} required value={draft.evidence} set={(evidence) => set({ evidence })} testId="enrol-evidence" />
          <Day label={t("lookedAtAgainOn")} value={draft.review_on} set={(review_on) => set({ review_on })} />
          <Day label={t("endsOn")} value={draft.expires_on} set={(expires_on) => set({ expires_on })} />
        </section>
        <section>
          <h3>{t("n3WhoItIsAbout")}</h3>
          <Choice label={t("under18")} value={draft.under_18} set={(under_18) => set({ under_18 })} options={yesNo} testId="enrol-under-18" />
          <Choice label={t("vulnerable")} value={draft.vulnerable} set={(vulnerable) => set({ vulnerable })} options={yesNo} testId="enrol-vulnerable" />
          <Text label={t("howThatIsKnown")} required value={draft.age_basis} set={(age_basis) => set({ age_basis })} testId="enrol-age" />
          {(draft.under_18 === "true" || draft.vulnerable === "true") && <Text label={t("reasonForAnExceptionByThe")} required value={draft.exception_reason} set={(exception_reason) => set({ exception_reason })} />}
          <Choice label={t("wasThePersonTold")} value={draft.notice} set={(notice) => set({ notice })} options={[["", t("choose")], ["given", t("yes")], ["withheld", t("no")]]} testId="enrol-notice" />
          {draft.notice === "given" && (
            <>
              <Day label={t("toldOn2")} value={draft.notice_given_on} set={(notice_given_on) => set({ notice_given_on })} />
              <Text label={t("how")} required value={draft.notice_how} set={(notice_how) => set({ notice_how })} testId="enrol-told" />
            </>
          )}
          {draft.notice === "withheld" && <Text label={t("whyNot")} required value={draft.notice_withheld} set={(notice_withheld) => set({ notice_withheld })} />}
        </section>
        {error && (
          <p className="form-error" role="alert" data-testid="enrol-error">
            {error}
          </p>
        )}
        <div className="form-actions">
          <button type="submit" className="button button-primary" disabled={!ready || busy} data-testid="enrol-submit">
            {t("proposeAnotherPersonApproves")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  label: string;
  value: string;
  set: (value: string) => void;
  required?: boolean;
  testId?: string;
}

function Text({ label, value, set, required = false, testId }: FieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input required={required} maxLength={500} value={value} onChange={({ target }) => set(target.value)} data-testid={testId} />
    </label>
  );
}

function Day({ label, value, set }: FieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input type="date" required value={value} onChange={({ target }) => set(target.value)} />
    </label>
  );
}

function Choice({ label, value, set, options, testId }: FieldProps & { options: readonly (readonly [string, string])[] }) {
  return (
    <label className="field">
      <span>{label}</span>
      <select required value={value} onChange={({ target }) => set(target.value)} data-testid={testId}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
