import { Lock } from "lucide-react";
import { Link } from "react-router";
import { Empty } from "./Empty";
import { useTitle } from "./hooks";
import { t } from "./texts";

/** In place of a page that this person's roles do not show. */
export function Denied() {
  useTitle(t("denied"));
  return (
    <div className="page" data-testid="denied">
      <h1 className="visually-hidden">{t("denied")}</h1>
      <Empty title={t("denied")} icon={<Lock size={36} aria-hidden="true" />}>
        <p>{t("deniedWhat")}</p>
        <Link className="button" to="/">
          {t("deniedBack")}
        </Link>
      </Empty>
    </div>
  );
}
