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

/** One's own password, second factor and sessions. */
export function SecurityPage() {
  useTitle("Security");
  const { me, may } = usePlace();
  const { value, error, reload } = useLoad("security", loadSecurity);
  const [changing, setChanging] = useState(false);
  const now = useNow(60_000);
  if (value === null) return <div className="page">{error && <Failure sentence={error} retry={reload} />}</div>;
  return (
    <div className="page page-security">
      <header className="page-head">
        <div>
          <h1>Security</h1>
          <p className="page-note">Signed in as {me.username}</p>
        </div>
        {may("sign-in:read") && (
          <Link className="button" to="/sign-in-rules" data-testid="sign-in-rules">
            Sign-in rules
          </Link>
        )}
      </header>
      <div className="security-columns">
        <section className="panel" aria-label="Password">
          <h2>Password</h2>
          {!value.has_password && <p>You sign in by your organisation's provider. There is no password here.</p>}
          {value.has_password && !changing && (
            <div className="stack">
              <p>{value.password_changed_at ? `Last changed ${clock(value.password_changed_at, now)}.` : "Never changed since it was made."}</p>
              <div className="form-actions">
                <button type="button" className="button" onClick={() => setChanging(true)} data-testid="password-change">
                  Change password
                </button>
              </div>
            </div>
          )}
          {changing && <PasswordForm done={() => (setChanging(false), reload())} />}
        </section>
        <section className="panel" aria-label="Second factor">
          <h2>Second factor</h2>
          <SecondFactor security={value} changed={reload} />
        </section>
      </div>
      <section className="panel" aria-label="My notifications">
        <h2>My notifications</h2>
        <OwnChannels />
      </section>
      <section className="panel" aria-label="Sessions">
        <h2>Where you are signed in</h2>
        <Sessions />
      </section>
    </div>
  );
}
