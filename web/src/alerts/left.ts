/** What a shift leaves to the next, from the server. */
import { alerts, everything } from "../api/endpoints";
import type { Alert, Id } from "../api/types";
import { OPEN_STATES } from "./filter";
import { byUrgency } from "./handOver";

const PAGE = 500;
const MOST_ACKNOWLEDGED = 200;

export interface Left {
  open: Alert[];
  moreAcknowledged: boolean;
}

/** Every open alert, the longest-waiting too, which come last from the server; of those that somebody acknowledged, the newest. */
export async function loadLeft(storeId: Id): Promise<Left> {
  const [open, acknowledged] = await Promise.all([
    everything<Alert>("/alerts", { store_id: storeId, state: OPEN_STATES, limit: PAGE }),
    alerts({ store_id: storeId, state: ["acknowledged"], limit: MOST_ACKNOWLEDGED }),
  ]);
  return { open: byUrgency([...open, ...acknowledged.items]), moreAcknowledged: acknowledged.next !== null };
}
