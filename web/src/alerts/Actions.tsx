import { ArrowUpRight, Check, Clock3, Hand, RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Alert, AlertAction, Outcome } from "../api/types";
import { usePlace } from "../shell/stores";
import { useAlerts } from "./alerts";
import { actionsFor, isTaken } from "./alertState";
import { t } from "./texts";

const WORDS: Record<Exclude<AlertAction, "resolve" | "snooze">, { word: string; icon: typeof Check; testId: string }> = {
  acknowledge: { get word() { return t("acknowledge"); }, icon: Check, testId: "alert-ack" },
  claim: { get word() { return t("claim"); }, icon: Hand, testId: "alert-claim" },
  escalate: { get word() { return t("escalate"); }, icon: ArrowUpRight, testId: "alert-escalate" },
  reopen: { get word() { return t("reopen"); }, icon: RotateCcw, testId: "alert-reopen" },
};

export const OUTCOME_WORDS: Record<Outcome, string> = {
  get "action-taken"() { return t("actionTaken"); },
  get correct() { return t("correct"); },
  get false() { return t("falseAlarm"); },
  get unknown() { return t("unknown"); },
};

export type Act = ReturnType<typeof useAlerts>["act"];

interface Doing {
  alert: Alert;
  /** What is on its way to the server. */
  pending: AlertAction | undefined;
  act: Act;
}

/** The usual next step, for a row of the list. */
export function NextAction({ alert, pending, act }: Doing) {
  const offered = useOffered(alert);
  return <div className="actions">{offered.includes("acknowledge") && <ActionButton alert={alert} pending={pending} act={act} action="acknowledge" />}</div>;
}

/** Everything that can be done about an alert now. */
export function Actions({ alert }: { alert: Alert }) {
  const { state, act } = useAlerts();
  const offered = useOffered(alert);
  if (offered.length === 0) return null;
  const pending = state.pending.get(alert.id);
  return (
    <div className="action-groups">
      <div className="actions">
        {offered.map((action) => action !== "resolve" && action !== "snooze" && <ActionButton key={action} alert={alert} pending={pending} act={act} action={action} primary={action === offered[0]} />)}
      </div>
      {offered.includes("snooze") && <Snooze alert={alert} busy={pending !== undefined} />}
      {offered.includes("resolve") && (
        <div className="actions" role="group" aria-label={t("resolveAs")}>
          <span className="actions-label">
            {pending === "resolve" ? t("saving") : t("resolveAs")}
          </span>
          {(Object.keys(OUTCOME_WORDS) as Outcome[]).map((outcome) => (
            <button key={outcome} type="button" className="button button-small" disabled={pending !== undefined} data-testid="alert-resolve" data-outcome={outcome} onClick={() => act(alert.id, "resolve", { outcome })}>
              {OUTCOME_WORDS[outcome]}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

const SNOOZES: readonly [number, string][] = [[5, "5 min"], [30, "30 min"], [120, "2 h"], [480, "8 h"]];

/** Sleep for a while, with the reason that others will read. */
function Snooze({ alert, busy }: { alert: Alert; busy: boolean }) {
  const { act } = useAlerts();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState(30);
  if (!open) {
    return (
      <div className="actions">
        <button type="button" className="button button-small" data-testid="alert-snooze" disabled={busy} onClick={() => setOpen(true)}>
          <Clock3 size={14} aria-hidden="true" />{" "}{t("snooze")}
        </button>
      </div>
    );
  }
  return (
    <form
      className="snooze"
      onSubmit={(event) => {
        event.preventDefault();
        act(alert.id, "snooze", { until: new Date(Date.now() + minutes * 60_000).toISOString(), reason: reason.trim() });
        setOpen(false);
      }}
    >
      <select aria-label={t("snoozeFor")} value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
        {SNOOZES.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
      <input aria-label={t("reason")} placeholder={t("reasonEGCleaningCrew")} data-testid="snooze-reason" maxLength={500} value={reason} autoFocus onChange={(event) => setReason(event.target.value)} />
      <button type="submit" className="button button-small" data-testid="snooze-go" disabled={!reason.trim()}>
        {t("snooze2")}
      </button>
      <button type="button" className="button button-small button-quiet" onClick={() => setOpen(false)}>
        {t("cancel")}
      </button>
    </form>
  );
}

/** By the server's state: while an action is on its way the buttons stay, disabled, so that nothing jumps. */
function useOffered(alert: Alert): AlertAction[] {
  const { me, may } = usePlace();
  return may("alerts:handle") ? actionsFor(alert, me.id) : [];
}

function ActionButton({ alert, pending, act, action, primary = false }: Doing & { action: keyof typeof WORDS; primary?: boolean }) {
  const { me } = usePlace();
  const { word, icon: Icon, testId } = WORDS[action];
  const taken = isTaken(alert, me.id);
  return (
    <button
      type="button"
      className={primary ? "button button-primary" : "button"}
      data-testid={testId}
      disabled={pending !== undefined}
      aria-busy={pending === action}
      onClick={() => act(alert.id, action, taken && action !== "reopen" ? { take_over: true } : {})}
    >
      <Icon size={16} aria-hidden="true" />
      {pending === action ? t("saving") : taken ? t("takeOver") : word}
    </button>
  );
}
