import { UserCheck, UserRound } from "lucide-react";
import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { decide, propose, type PolicyDraft, type Proposal, type Standing } from "./endpoints";
import { named, SWITCH_WORDS, SWITCHES, today } from "./words";

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
          Propose something else instead
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
        <legend>Shall be on</legend>
        {SWITCHES.map((each) => (
          <label key={each}>
            <input type="checkbox" checked={draft[each]} onChange={({ target }) => set({ [each]: target.checked })} data-testid={`want-${each}`} />
            {SWITCH_WORDS[each].name}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>Legal basis</span>
        <textarea rows={2} maxLength={2000} value={draft.legal_basis} onChange={({ target }) => set({ legal_basis: target.value })} data-testid="paper-basis" />
        <small>Visitors can read this.</small>
      </label>
      <label className="field">
        <span>Impact assessment</span>
        <input maxLength={500} value={draft.dpia_reference} placeholder="Reference of the DPIA" onChange={({ target }) => set({ dpia_reference: target.value })} data-testid="paper-dpia" />
      </label>
      <label className="field wide">
        <span>Notice to visitors</span>
        <textarea rows={4} maxLength={4000} value={draft.notice_text} placeholder="Who runs the cameras, what is measured and why, how long it is kept, whom to ask" onChange={({ target }) => set({ notice_text: target.value })} data-testid="paper-notice" />
        <small>Stands on the public page and on the sign.</small>
      </label>
      {(counsel || draft.counsel_reference) && (
        <>
          <label className="field">
            <span>Counsel&apos;s sign-off</span>
            <input maxLength={500} value={draft.counsel_reference} placeholder="Reference" onChange={({ target }) => set({ counsel_reference: target.value })} />
          </label>
          <label className="field">
            <span>Signed on</span>
            <input type="date" max={today()} value={draft.counsel_signed_on ?? ""} onChange={({ target }) => set({ counsel_signed_on: target.value || null })} />
          </label>
        </>
      )}
      <div className="form-actions wide">
        <button type="submit" className="button button-primary" disabled={busy} data-testid="policy-propose">
          {busy ? "Proposing…" : "Propose"}
        </button>
        <span className="quiet">Nothing changes until a chain administrator other than you approves.</span>
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
        Proposed: <strong>{named(proposal.switches)}</strong>. Open until {clock(proposal.expires_at, now)}.
      </p>
      <ol>
        <li data-done="true">
          <UserCheck size={18} aria-hidden="true" />
          <span>
            {proposal.proposed_by.username} <small>proposed {clock(proposal.proposed_at, now)}</small>
          </span>
        </li>
        <li>
          <UserRound size={18} aria-hidden="true" />
          <span>
            {decides ? me.username : own && may("policy:approve") ? "Another chain administrator" : "A chain administrator"}{" "}
            <small>{decides ? "has to decide" : own ? "has to approve: nobody approves their own proposal" : "has to approve"}</small>
          </span>
        </li>
      </ol>
      <dl className="paper-facts">
        <dt>Legal basis</dt>
        <dd>{proposal.papers.legal_basis}</dd>
        <dt>Impact assessment</dt>
        <dd>{proposal.papers.dpia_reference}</dd>
        <dt>Notice</dt>
        <dd>{proposal.papers.notice_text}</dd>
      </dl>
      <div className="form-actions">
        {decides && (
          <button type="button" className="button button-primary" disabled={busy} onClick={() => onAct("approve", proposal.id)} data-testid="policy-approve">
            Approve
          </button>
        )}
        {may("policy:write") && (
          <button type="button" className="button" disabled={busy} onClick={() => onAct("reject", proposal.id)} data-testid="policy-reject">
            {own ? "Take it back" : "Reject"}
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
