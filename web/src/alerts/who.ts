import type { Handler } from "../api/types";
import { usePlace } from "../shell/stores";

/** "you", or the user's name. */
export function useName(): (who: Handler) => string {
  const { me } = usePlace();
  return (who) => (who.id === me.id ? "you" : who.username);
}
