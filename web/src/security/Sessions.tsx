import { Monitor, Smartphone } from "lucide-react";
import { endOtherSessions, endSession, loginSessions } from "../api/security";
import type { LoginSession } from "../api/types";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { ago } from "../text/format";
import { deviceName } from "./device";
import { Problem, useAct } from "./parts";
import { t } from "./texts";

/** Where one is signed in, and how to end it. */
export function Sessions() {
  const { value, error, reload } = useLoad("sessions", loginSessions);
  const act = useAct();
  const now = useNow(10_000);
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : <p className="page-note">{t("loading")}</p>;
  const others = value.filter(({ current }) => !current);
  return (
    <div className="stack">
      <ul className="login-sessions" data-testid="sessions">
        {[...value].sort((a, b) => Number(b.current) - Number(a.current)).map((session) => (
          <SessionRow key={session.id} session={session} now={now} busy={act.busy} end={() => void act.run(async () => (await endSession(session.id), reload()))} />
        ))}
      </ul>
      <Problem sentence={act.error} />
      {others.length > 0 && (
        <div className="form-actions">
          <button type="button" className="button" disabled={act.busy} data-testid="sessions-end-others" onClick={() => void act.run(async () => (await endOtherSessions(), reload()))}>
            {t("signOutEverywhereElse")}
          </button>
        </div>
      )}
    </div>
  );
}

function SessionRow({ session, now, busy, end }: { session: LoginSession; now: number; busy: boolean; end: () => void }) {
  const name = deviceName(session.device);
  const phone = /Android|iPhone|iPad/.test(name);
  const how = session.method === "oidc" ? "single sign-on" : session.second_factor ? t("passwordAndSecondFactor") : "password";
  return (
    <li className="login-session" data-testid="session" data-current={session.current}>
      {phone ? <Smartphone size={20} aria-hidden="true" /> : <Monitor size={20} aria-hidden="true" />}
      <div>
        <strong>{name}</strong>
        <small>
          {session.address || t("unknownPlace")} · {how} · {session.current ? t("thisSession") : t("used", { lastUsedAt: ago(session.last_used_at, now) })}
        </small>
      </div>
      {!session.current && (
        <button type="button" className="button" disabled={busy} onClick={end} aria-label={t("signOut2", { name })}>
          {t("signOut")}
        </button>
      )}
    </li>
  );
}
