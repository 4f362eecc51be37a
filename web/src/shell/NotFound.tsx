import { Link } from "react-router";
import { Empty } from "./Empty";
import { t } from "./texts";

export function NotFound() {
  return (
    <Empty title={t("thereIsNoPageHere")}>
      <p>{t("theAddressMayBeMistypedOr")}</p>
      <Link className="button" to="/live">
        {t("goToLive")}
      </Link>
    </Empty>
  );
}
