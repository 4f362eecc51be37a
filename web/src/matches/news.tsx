import { useEffect, useRef } from "react";
import type { Id } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { usePlace } from "../shell/stores";
import { useToasts } from "../shell/toasts";
import type { LeadNews } from "../socket/messages";
import { liveSocket } from "../socket/socket";
import { lead } from "../watchlist/endpoints";
import { t } from "./texts";

/** Calls `hear` for each lead of this store that is raised or reviewed. */
export function useLeadNews(hear: (news: LeadNews) => void): void {
  const { store } = usePlace();
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(
    () =>
      liveSocket.listen((message) => {
        if ((message.type === "match-raised" || message.type === "match-changed") && message.store_id === store.id) latest.current(message);
      }),
    [store.id],
  );
}

/** Tells whoever may review, on every page, that a lead waits: where, never who. Who may learn names is told once people confirmed it. */
export function LeadToasts() {
  const { may } = usePlace();
  const { named } = useCameras();
  const { show, dismiss } = useToasts();
  const naming = useRef(new Set<Id>());
  const confirmed = (match_id: Id, camera_id: Id) =>
    void lead(match_id).then(
      ({ person_name, watchlist_name, reviewed_by_you }) =>
        naming.current.delete(match_id) && !reviewed_by_you && show({ id: match_id, threat: "high", title: `${person_name || t("anEnrolledPerson")} · ${named(camera_id)}`, text: t("aPersonConfirmedTheLead", { watchlistName: watchlist_name }), to: "/leads" }),
      () => undefined, // gone or hidden by now: there is nobody to name
    );
  useLeadNews(({ type, match_id, camera_id, state }) => {
    if (type === "match-changed") {
      dismiss(match_id);
      naming.current.delete(match_id); // an answer that comes after an erasure names nobody
      if (state === "confirmed" && may("matches:name")) {
        naming.current.add(match_id);
        confirmed(match_id, camera_id);
      }
      return;
    }
    show({ id: match_id, threat: "medium", title: t("leadToReview", { cameraId: named(camera_id) }), text: t("somebodyMayBeOnAList"), to: "/leads" });
  });
  return null;
}
