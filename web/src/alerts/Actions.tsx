import { Check, CheckCheck, Hand } from "lucide-react";
import type { Alert, AlertAction } from "../api/types";
import { useAlerts } from "./alerts";
import { actionsFor } from "./alertState";

const ACTIONS = {
  acknowledge: { word: "Acknowledge", icon: Check, testId: "alert-ack" },
  claim: { word: "Claim", icon: Hand, testId: "alert-claim" },
  resolve: { word: "Resolve", icon: CheckCheck, testId: "alert-resolve" },
} as const;

/** What can be done about an alert now. The first is the usual next step. */
export function Actions({ alert, only }: { alert: Alert; only?: AlertAction }) {
  const { state, act } = useAlerts();
  const pending = state.pending.get(alert.id);
  // By the server's state: while an action is on its way the buttons stay, disabled, so that nothing jumps.
  const possible = actionsFor(alert.state).filter((action) => only === undefined || action === only);
  return (
    <div className="actions">
      {possible.map((action, index) => {
        const { word, icon: Icon, testId } = ACTIONS[action];
        return (
          <button
            key={action}
            type="button"
            className={index === 0 && only === undefined ? "button button-primary" : "button"}
            data-testid={testId}
            disabled={pending !== undefined}
            aria-busy={pending === action}
            onClick={() => act(alert.id, action)}
          >
            <Icon size={16} aria-hidden="true" />
            {pending === action ? "Saving…" : word}
          </button>
        );
      })}
    </div>
  );
}
