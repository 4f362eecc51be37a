import { useState } from "react";
import { Link } from "react-router";
import { security as loadSecurity } from "../api/security";
import { OwnChannels } from "../notifications/OwnChannels";
import { Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { PasswordForm } from "./Password";
import { SecondFactor } from "./SecondFactor";
import { Sessions } from "./Sessions";
import { t } from "./texts";

/** One's own password, second factor and sessions. */
export function SecurityPage() {
  useTitle(t("security"));
  const { me, may } = usePlace();
  const { value, error, reload } = useLoad("security", loadSecurity);
  const [changing, setChanging] = useState(false);
  const now = useNow(60_000);
  if (value === null) return <div className="page">{error && <Failure sentence={error} retry={reload} />}</div>;
  return (
    <div className="page page-security">
      <header className="page-head">
        <div>
          <h1>{t("security")}</h1>
          <p className="page-note">{t("signedInAs", { username: me.username })}</p>
        </div>
        {may("sign-in:read") && (
          <Link className="button" to="/sign-in-rules" data-testid="sign-in-rules">
            {t("signInRules")}
          </Link>
        )}
      </header>
      <div className="security-columns">
        <section className="panel" aria-label={t("password")}>
          <h2>{t("password")}</h2>
          {!value.has_password && <p>{t("youSignInByYourOrganisation")}</p>}
          {value.has_password && !changing && (
            <div className="stack">
              <p>{value.password_changed_at ? t("lastChanged", { passwordChangedAt: clock(value.password_changed_at, now) }) : t("neverChangedSinceItWasMade")}</p>
              <div className="form-actions">
                <button type="button" className="button" onClick={() => setChanging(true)} data-testid="password-change">
                  {t("changePassword")}
                </button>
              </div>
            </div>
          )}
          {changing && <PasswordForm done={() => (setChanging(false), reload())} />}
        </section>
        <section className="panel" aria-label={t("secondFactor")}>
          <h2>{t("secondFactor")}</h2>
          <SecondFactor security={value} changed={reload} />
        </section>
      </div>
      <section className="panel" aria-label={t("myNotifications")}>
        <h2>{t("myNotifications")}</h2>
        <OwnChannels />
      </section>
      <section className="panel" aria-label={t("sessions")}>
        <h2>{t("whereYouAreSignedIn")}</h2>
        <Sessions />
      </section>
    </div>
  );
}
