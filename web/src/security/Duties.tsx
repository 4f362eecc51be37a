import { useState } from "react";
import { proveSession, security as loadSecurity } from "../api/security";
import { session } from "../api/session";
import type { Me } from "../api/types";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { Mark } from "../shell/Mark";
import { PasswordForm } from "./Password";
import { CodeField, Problem, useAct } from "./parts";
import { SecondFactor } from "./SecondFactor";
import { t } from "./texts";

/** What must be done before the rest opens: a password of one's own, a second factor. */
export function Duties({ me, done }: { me: Me; done: () => void }) {
  useTitle(t("beforeYouGoOn"));
  const { value, error, reload } = useLoad("duties", loadSecurity);
  const password = me.duties.includes("change-password");
  return (
    <main className="login">
      <div className="login-card duty-card" data-testid="duties" data-duty={password ? "change-password" : "second-factor"}>
        <div className="login-brand">
          <Mark size={40} />
          <h1>{password ? t("chooseYourPassword") : t("secondFactor")}</h1>
        </div>
        {password ? (
          <>
            <p>{t("somebodyElseChoseTheOneYou")}</p>
            <PasswordForm done={done} />
          </>
        ) : value === null ? (
          error && <Failure sentence={error} retry={reload} />
        ) : value.second_factor === "enrolled" ? (
          <StepUp done={done} />
        ) : (
          <>
            <p>{t("yourRoleNeedsASecondFactor")}</p>
            <SecondFactor security={value} changed={done} first="begin" />
          </>
        )}
        <button type="button" className="button button-quiet" onClick={() => void session.signOut()}>
          {t("signOut")}
        </button>
      </div>
    </main>
  );
}

function StepUp({ done }: { done: () => void }) {
  const [code, setCode] = useState("");
  const { busy, error, run } = useAct();
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void run(async () => (await proveSession(code), done()));
      }}
    >
      <p>{t("yourRoleNeedsASecondFactor2")}</p>
      <CodeField value={code} change={setCode} testId="step-up-code" recovery />
      <Problem sentence={error} />
      <button type="submit" className="button button-primary" data-testid="step-up" disabled={busy || code.trim().length < 6}>
        {busy ? t("checking") : t("continue")}
      </button>
    </form>
  );
}
