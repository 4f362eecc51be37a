import { Mark } from "./Mark";
import { t } from "./texts";

export function Splash() {
  return (
    <div className="splash" role="status" aria-label={t("loading2")}>
      <Mark size={44} />
    </div>
  );
}
