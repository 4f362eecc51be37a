import type { Handler } from "../api/types";
import { usePlace } from "../shell/stores";
import { t } from "./texts";

/** t("you"), or the user's name. */
export function useName(): (who: Handler) => string {
  const { me } = usePlace();
  return (who) => (who.id === me.id ? t("you") : who.username);
}
