import { useEffect, useRef } from "react";
import { useCameras } from "../cameras/cameras";
import { usePlace } from "../shell/stores";
import { useToasts } from "../shell/toasts";
import type { LeadNews } from "../socket/messages";
import { liveSocket } from "../socket/socket";
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

/** Tells whoever may review, on every page, that a lead waits: where, never who. */
export function LeadToasts() {
  const { named } = useCameras();
  const { show, dismiss } = useToasts();
  useLeadNews(({ type, match_id, camera_id }) => {
    if (type === "match-changed") return dismiss(match_id);
    show({ id: match_id, threat: "medium", title: t("leadToReview", { cameraId: named(camera_id) }), text: t("somebodyMayBeOnAList"), to: "/leads" });
  });
  return null;
}
