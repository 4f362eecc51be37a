import { KeyRound } from "lucide-react";
import { useEffect, useState, useSyncExternalStore, type FormEvent, type ReactNode } from "react";
import { Navigate, useSearchParams } from "react-router";
import { oidcProvider } from "../api/security";
import { sentenceFor } from "../api/problem";
import { session } from "../api/session";
import { CodeField } from "../security/parts";
import { useLoad, useTitle } from "../shell/hooks";
import { Mark } from "../shell/Mark";
import { refusedSentence, safeNext } from "./next";
import { t } from "./texts";

export function LoginPage() {
  useTitle(t("signIn"));
  const status = useSyncExternalStore(session.subscribe, session.snapshot);
  const [params] = useSearchParams();
  const [challenge, setChallenge] = useState<string | null>(null);
  const arriving = params.has("signed-in") && status !== "signed-in";
  useEffect(() => {
    if (arriving) void session.arrive();
  }, [arriving]);
  if (status === "signed-in") return <Navigate to={safeNext(params.get("next"))} replace />;
  return (
    <main className="login">
      {challenge === null ? (
        <Password refused={refusedSentence(params.get("refused"))} next={safeNext(params.get("next"))} wanted={setChallenge} />
      ) : (
        <SecondFactor challenge={challenge} back={() => setChallenge(null)} />
      )}
    </main>
  );
}

function Card({ submit, children }: { submit: () => Promise<void>; children: ReactNode }) {
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit();
  };
  return (
    <form className="login-card" onSubmit={onSubmit} noValidate>
      <div className="login-brand">
        <Mark size={40} />
        <h1>PennyProtect</h1>
      </div>
      {children}
    </form>
  );
}

function Password({ refused, next, wanted }: { refused: string | null; next: string; wanted: (challenge: string) => void }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(refused);
  const provider = useLoad("oidc", oidcProvider).value;
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      const challenge = await session.signIn(username.trim(), password);
      if (challenge !== null) wanted(challenge);
    } catch (reason) {
      setError(sentenceFor(reason));
      setBusy(false);
    }
  };
  return (
    <Card submit={submit}>
      <label className="field">
        <span>{t("userName")}</span>
        <input data-testid="login-username" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus value={username} onChange={(event) => setUsername(event.target.value)} />
      </label>
      <label className="field">
        <span>{t("password")}</span>
        <input data-testid="login-password" name="password" type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
      </label>
      <Refusal sentence={error} />
      <button type="submit" className="button button-primary" data-testid="login-submit" disabled={busy || !username.trim() || !password}>
        {busy ? t("signingIn") : t("signIn")}
      </button>
      {provider?.enabled && (
        <a className="button" href={`/api/v1/auth/oidc/start?next=${encodeURIComponent(next)}`} data-testid="login-oidc">
          <KeyRound size={16} aria-hidden="true" />
          {t("signInWith", { name: provider.name })}
        </a>
      )}
    </Card>
  );
}

function SecondFactor({ challenge, back }: { challenge: string; back: () => void }) {
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await session.prove(challenge, code.trim());
    } catch (reason) {
      setError(sentenceFor(reason));
      setCode("");
      setBusy(false);
    }
  };
  return (
    <Card submit={submit}>
      <CodeField value={code} change={setCode} testId="login-code" recovery />
      <Refusal sentence={error} />
      <button type="submit" className="button button-primary" data-testid="login-code-submit" disabled={busy || code.trim().length < 6}>
        {busy ? t("checking") : t("continue")}
      </button>
      <button type="button" className="button button-quiet" onClick={back}>
        {t("back")}
      </button>
    </Card>
  );
}

function Refusal({ sentence }: { sentence: string | null }) {
  if (!sentence) return null;
  return (
    <p className="form-error" role="alert" data-testid="login-error">
      {sentence}
    </p>
  );
}
