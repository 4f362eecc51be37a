import { UserCheck, UserRound } from "lucide-react";
import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { decide, propose, type PolicyDraft, type Proposal, type Standing } from "./endpoints";
import { named, SWITCH_WORDS, SWITCHES, today } from "./words";
import { t } from "./texts";

interface Props {
  policy: Standing;
  onChanged: () => void;
  now: number;
}

/** The papers and what shall be on: proposed by one person, decided by another. */
export function Papers({ policy, onChanged, now }: Props) {
  const { store, may } = usePlace();
  const [draft, setDraft] = useState<PolicyDraft>(() => begin(policy));
  const [editing, setEditing] = useState(policy.proposal === null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      onChanged();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  const submit = (event: FormEvent) => (event.preventDefault(), void attempt(() => propose(store.id, draft)));
  return (
    <>
      {policy.proposal && <TwoPeople proposal={policy.proposal} now={now} busy={busy} onAct={(act, id) => void attempt(() => decide(store.id, id, act))} />}
      {error && (
        <p className="form-error" role="alert" data-testid="policy-error">
          {error}
        </p>
      )}
      {!may("policy:write") ? null : editing ? (
        <PapersForm draft={draft} counsel={policy.place.verdict === "counsel"} busy={busy} onChange={setDraft} onSubmit={submit} />
      ) : (
        <button type="button" className="button button-quiet" onClick={() => setEditing(true)}>
          {t("proposeSomethingElseInstead")}
        </button>
      )}
    </>
  );
}

interface FormProps {
  draft: PolicyDraft;
  counsel: boolean;
  busy: boolean;
  onChange: (draft: PolicyDraft) => void;
  onSubmit: (event: FormEvent) => void;
}

function PapersForm({ draft, counsel, busy, onChange, onSubmit }: FormProps) {
  const set = (change: Partial<PolicyDraft>) => onChange({ ...draft, ...change });
  return (
    <form className="papers" onSubmit={onSubmit}>
      <fieldset className="checks">
        <legend>{t("shallBeOn")}</legend>
        {SWITCHES.map((each) => (
          <label key={each}>
            <input type="checkbox" checked={draft[each]} onChange={({ target }) => set({ [each]: target.checked })} data-testid={`want-${each}`} />
            {SWITCH_WORDS[each].name}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("legalBasis")}</span>
        <textarea rows={2} maxLength={2000} value={draft.legal_basis} onChange={({ target }) => set({ legal_basis: target.value })} data-testid="paper-basis" />
        <small>{t("visitorsCanReadThis")}</small>
      </label>
      <label className="field">
        <span>{t("impactAssessment")}</span>
        <input maxLength={500} value={draft.dpia_reference} placeholder={t("referenceOfTheDpia")} onChange={({ target }) => set({ dpia_reference: target.value })} data-testid="paper-dpia" />
      </label>
      <label className="field wide">
        <span>{t("noticeToVisitors")}</span>
        <textarea rows={4} maxLength={4000} value={draft.notice_text} placeholder={t("whoRunsTheCamerasWhatIs")} onChange={({ target }) => set({ notice_text: target.value })} data-testid="paper-notice" />
        <small>{t("standsOnThePublicPageAnd")}</small>
      </label>
      {(counsel || draft.counsel_reference) && (
        <>
          <label className="field">
            <span>{t("counselSSignOff")}</span>
            <input maxLength={500} value={draft.counsel_reference} placeholder={t("reference")} onChange={({ target }) => set({ counsel_reference: target.value })} />
          </label>
          <label className="field">
            <span>{t("signedOn")}</span>
            <input type="date" max={today()} value={draft.counsel_signed_on ?? ""} onChange={({ target }) => set({ counsel_signed_on: target.value || null })} />
          </label>
        </>
      )}
      <div className="form-actions wide">
        <button type="submit" className="button button-primary" disabled={busy} data-testid="policy-propose">
          {busy ? t("proposing") : t("propose")}
        </button>
        <span className="quiet">{t("nothingChangesUntilAChainAdministrator")}</span>
      </div>
    </form>
  );
}

/** Who proposed, and who may decide. */
function TwoPeople({ proposal, now, busy, onAct }: { proposal: Proposal; now: number; busy: boolean; onAct: (act: "approve" | "reject", id: string) => void }) {
  const { me, may } = usePlace();
  const own = proposal.proposed_by.id === me.id;
  const decides = !own && may("policy:approve");
  return (
    <div className="two-people" data-testid="proposal">
      <p>
        {t("proposed")}{" "}<strong>{named(proposal.switches)}</strong>{t("openUntil", { expiresAt: clock(proposal.expires_at, now) })}
      </p>
      <ol>
        <li data-done="true">
          <UserCheck size={18} aria-hidden="true" />
          <span>
            {proposal.proposed_by.username} <small>{t("proposed2", { proposedAt: clock(proposal.proposed_at, now) })}</small>
          </span>
        </li>
        <li>
          <UserRound size={18} aria-hidden="true" />
          <span>
            {decides ? me.username : own && may("policy:approve") ? t("anotherChainAdministrator") : t("aChainAdministrator")}{" "}
            <small>{decides ? t("hasToDecide") : own ? t("hasToApproveNobodyApprovesTheir") : t("hasToApprove")}</small>
          </span>
        </li>
      </ol>
      <dl className="paper-facts">
        <dt>{t("legalBasis")}</dt>
        <dd>{proposal.papers.legal_basis}</dd>
        <dt>{t("impactAssessment")}</dt>
        <dd>{proposal.papers.dpia_reference}</dd>
        <dt>{t("notice")}</dt>
        <dd>{proposal.papers.notice_text}</dd>
      </dl>
      <div className="form-actions">
        {decides && (
          <button type="button" className="button button-primary" disabled={busy} onClick={() => onAct("approve", proposal.id)} data-testid="policy-approve">
            {t("approve")}
          </button>
        )}
        {may("policy:write") && (
          <button type="button" className="button" disabled={busy} onClick={() => onAct("reject", proposal.id)} data-testid="policy-reject">
            {own ? t("takeItBack") : t("reject")}
          </button>
        )}
      </div>
    </div>
  );
}

function begin({ current, proposal }: Standing): PolicyDraft {
  const { switches, papers } = proposal ?? current;
  return { ...switches, ...papers };
}
