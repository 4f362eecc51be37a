import { useState, useSyncExternalStore, type FormEvent } from "react";
import { Navigate, useSearchParams } from "react-router";
import { sentenceFor } from "../api/problem";
import { session } from "../api/session";
import { useTitle } from "../shell/hooks";
import { Mark } from "../shell/Mark";

export function LoginPage() {
  useTitle("Sign in");
  const status = useSyncExternalStore(session.subscribe, session.snapshot);
  const [params] = useSearchParams();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  if (status === "signed-in") return <Navigate to={safeNext(params.get("next"))} replace />;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await session.signIn(username.trim(), password);
    } catch (reason) {
      setError(sentenceFor(reason));
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <form className="login-card" onSubmit={(event) => void submit(event)} noValidate>
        <div className="login-brand">
          <Mark size={40} />
          <h1>PennyProtect</h1>
        </div>
        <label className="field">
          <span>User name</span>
          <input data-testid="login-username" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus value={username} onChange={(event) => setUsername(event.target.value)} />
        </label>
        <label className="field">
          <span>Password</span>
          <input data-testid="login-password" name="password" type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
        </label>
        {error && (
          <p className="form-error" role="alert" data-testid="login-error">
            {error}
          </p>
        )}
        <button type="submit" className="button button-primary" data-testid="login-submit" disabled={busy || !username.trim() || !password}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

/** Only a path of this site: an address from a crafted link must not lead elsewhere. */
function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/live";
}
