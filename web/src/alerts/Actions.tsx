import { Check, Hand } from "lucide-react";
import type { Alert, AlertAction, Outcome } from "../api/types";
import { usePlace } from "../shell/stores";
import { useAlerts } from "./alerts";
import { actionsFor, isTaken } from "./alertState";

const WORDS: Record<Exclude<AlertAction, "resolve">, { word: string; icon: typeof Check; testId: string }> = {
  acknowledge: { word: "Acknowledge", icon: Check, testId: "alert-ack" },
  claim: { word: "Claim", icon: Hand, testId: "alert-claim" },
};

export const OUTCOME_WORDS: Record<Outcome, string> = {
  handled: "Handled",
  "false-alarm": "False alarm",
  "no-action": "No action",
};

/** The usual next step, for a row of the list. */
export function NextAction({ alert }: { alert: Alert }) {
  const offered = useOffered(alert);
  return <div className="actions">{offered.includes("acknowledge") && <ActionButton alert={alert} action="acknowledge" />}</div>;
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
        {offered.map((action) => action !== "resolve" && <ActionButton key={action} alert={alert} action={action} primary={action === offered[0]} />)}
      </div>
      {offered.includes("resolve") && (
        <div className="actions" role="group" aria-label="Resolve as">
          <span className="actions-label">
            {pending === "resolve" ? "Saving…" : "Resolve as"}
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

/** By the server's state: while an action is on its way the buttons stay, disabled, so that nothing jumps. */
function useOffered(alert: Alert): AlertAction[] {
  const { me, may } = usePlace();
  return may("alerts:handle") ? actionsFor(alert, me.id) : [];
}

function ActionButton({ alert, action, primary = false }: { alert: Alert; action: keyof typeof WORDS; primary?: boolean }) {
  const { state, act } = useAlerts();
  const { me } = usePlace();
  const { word, icon: Icon, testId } = WORDS[action];
  const pending = state.pending.get(alert.id);
  const taken = isTaken(alert, me.id);
  return (
    <button
      type="button"
      className={primary ? "button button-primary" : "button"}
      data-testid={testId}
      disabled={pending !== undefined}
      aria-busy={pending === action}
      onClick={() => act(alert.id, action, taken ? { take_over: true } : {})}
    >
      <Icon size={16} aria-hidden="true" />
      {pending === action ? "Saving…" : taken ? "Take over" : word}
    </button>
  );
}
