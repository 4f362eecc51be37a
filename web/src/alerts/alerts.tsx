import { createContext, startTransition, useCallback, useContext, useEffect, useMemo, useReducer, useRef, type ReactNode } from "react";
import { actOnAlert, alert as loadAlert, alerts as loadAlerts, type HowToAct } from "../api/endpoints";
import { sentenceFor } from "../api/problem";
import type { Alert, AlertAction, Id } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { zoneName } from "../cameras/zoneNames";
import { usePlace } from "../shell/stores";
import { useToasts } from "../shell/toasts";
import type { AlertNews } from "../socket/messages";
import { liveSocket } from "../socket/socket";
import { headline } from "../text/explain";
import { kindName } from "../text/kinds";
import { begun, ended, heard, isOpen, NO_ALERTS, received, type AlertsState } from "./alertState";
import { OPEN_STATES } from "./filter";
import { bell, openSound, soundChoice } from "./sound";

interface Alerts {
  state: AlertsState;
  /** Rises when messages were lost: lists should be asked for again. */
  epoch: number;
  add: (alerts: readonly Alert[]) => void;
  act: (id: Id, action: AlertAction, how?: HowToAct) => void;
}

const Context = createContext<Alerts | null>(null);

export function useAlerts(): Alerts {
  const alerts = useContext(Context);
  if (alerts === null) throw new Error("useAlerts outside AlertsProvider");
  return alerts;
}

type Change =
  | { is: "received"; alerts: readonly Alert[] }
  | { is: "heard"; news: AlertNews }
  | { is: "begun"; id: Id; action: AlertAction }
  | { is: "ended"; id: Id; outcome: Alert | string }
  | { is: "gap" };

function reduce(current: { alerts: AlertsState; epoch: number }, change: Change) {
  const { alerts } = current;
  switch (change.is) {
    case "received":
      return { ...current, alerts: received(alerts, change.alerts) };
    case "heard":
      return { ...current, alerts: heard(alerts, change.news) ?? alerts };
    case "begun":
      return { ...current, alerts: begun(alerts, change.id, change.action) };
    case "ended":
      return { ...current, alerts: ended(alerts, change.id, change.outcome) };
    case "gap":
      return { ...current, epoch: current.epoch + 1 };
  }
}

/** The store's alerts: what the API gave, what the socket says, and what this person is doing about them. */
export function AlertsProvider({ children }: { children: ReactNode }) {
  const { store, may } = usePlace();
  const reads = may("alerts:read"); // whoever may not is not refused, and noted, at every page
  const { named } = useCameras();
  const { show, dismiss } = useToasts();
  const [{ alerts: state, epoch }, change] = useReducer(reduce, { alerts: NO_ALERTS, epoch: 0 });
  const latest = useRef({ state, named });
  latest.current = { state, named };

  const add = useCallback((alerts: readonly Alert[]) => change({ is: "received", alerts }), []);

  const hear = useCallback(
    async (news: AlertNews, isNew: boolean) => {
      // A storm must not hold up who types or acts: what is heard is drawn in pieces between frames.
      startTransition(() => change({ is: "heard", news }));
      let whole: AlertNews = news;
      if (heard(latest.current.state, news) === null) {
        whole = await loadAlert(news.id);
        change({ is: "received", alerts: [whole as Alert] });
      }
      if (!isOpen(whole.state)) dismiss(whole.id);
      else if (isNew) {
        show(toastOf(whole, latest.current.named(whole.camera_id)));
        bell.ring(whole.threat ?? "medium", soundChoice.get(), Date.now());
      }
    },
    [dismiss, show],
  );

  useEffect(() => {
    const leave = reads ? liveSocket.joinStore(store.id) : () => undefined;
    const unlisten = liveSocket.listen((message) => {
      if (message.type === "alert-raised" || message.type === "alert-changed") {
        // A failed look-up costs one alert's details; the next reload of the list brings them.
        hear(message.alert, message.type === "alert-raised").catch(() => change({ is: "gap" }));
      }
      if (message.type === "gap") change({ is: "gap" });
    });
    return () => {
      unlisten();
      leave();
    };
  }, [store.id, hear, reads]);

  useEffect(() => openSound(), []);

  // What is open now, for the count in the sidebar.
  useEffect(() => {
    if (!reads) return;
    loadAlerts({ store_id: store.id, state: OPEN_STATES }).then(
      (page) => add(page.items),
      () => undefined, // the alerts page says why in words
    );
  }, [store.id, epoch, add, reads]);

  const act = useCallback(
    (id: Id, action: AlertAction, how?: HowToAct) => {
      if (latest.current.state.pending.has(id)) return;
      change({ is: "begun", id, action });
      dismiss(id);
      actOnAlert(id, action, how).then(
        (alert) => change({ is: "ended", id, outcome: alert }),
        (error: unknown) => {
          change({ is: "ended", id, outcome: sentenceFor(error) });
          // Whoever was faster: show what is true now.
          loadAlert(id).then((alert) => change({ is: "received", alerts: [alert] }), () => undefined);
        },
      );
    },
    [dismiss],
  );

  const value = useMemo(() => ({ state, epoch, add, act }), [state, epoch, add, act]);
  return <Context value={value}>{children}</Context>;
}

function toastOf(alert: AlertNews, cameraName: string) {
  return {
    id: alert.id,
    threat: alert.threat ?? "medium",
    title: `${kindName(alert.kind)} · ${cameraName}`,
    text: headline(alert.kind, alert.explanation ?? {}, zoneName(alert.zone_id)),
    to: `/alerts/${alert.id}`,
  };
}
