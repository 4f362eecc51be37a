import { useState, type FormEvent, type ReactNode } from "react";
import { sentenceFor } from "../api/problem";
import { t } from "./texts";

/** Runs one act at a time and says in a sentence why it failed. */
export function useAct() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = async (act: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  return { busy, error, run };
}

interface AskProps {
  label: string;
  act: string;
  /** Left out where the person has no password. */
  needed: boolean;
  busy: boolean;
  testId: string;
  danger?: boolean;
  onAct: (password: string) => void;
  onCancel?: () => void;
}

/** One's password again, before something that matters. */
export function AskPassword({ label, act, needed, busy, testId, danger = false, onAct, onCancel }: AskProps) {
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAct(password);
    setPassword("");
  };
  return (
    <form className="ask-password" onSubmit={submit}>
      {needed && (
        <label className="field">
          <span>{label}</span>
          <input type="password" autoComplete="current-password" data-testid={`${testId}-password`} value={password} onChange={(event) => setPassword(event.target.value)} />
        </label>
      )}
      <div className="form-actions">
        <button type="submit" className={danger ? "button button-danger" : "button button-primary"} data-testid={testId} disabled={busy || (needed && !password)}>
          {busy ? t("working") : act}
        </button>
        {onCancel && (
          <button type="button" className="button button-quiet" onClick={onCancel}>
            {t("cancel")}
          </button>
        )}
      </div>
    </form>
  );
}

/** Six digits of the authenticator app. */
export function CodeField({ value, change, testId, recovery = false }: { value: string; change: (value: string) => void; testId: string; recovery?: boolean }) {
  return (
    <label className="field">
      <span>{recovery ? t("sixDigitsOrARecoveryCode") : t("sixDigitsOfTheApp")}</span>
      <input className="code-input" inputMode={recovery ? "text" : "numeric"} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} maxLength={recovery ? 40 : 7} data-testid={testId} value={value} onChange={(event) => change(event.target.value)} autoFocus />
    </label>
  );
}

export function Problem({ sentence, testId }: { sentence: string | null; testId?: string }): ReactNode {
  if (!sentence) return null;
  return (
    <p className="form-error" role="alert" data-testid={testId}>
      {sentence}
    </p>
  );
}

/** Ten codes, shown this once. */
export function RecoveryCodes({ codes, done }: { codes: string[]; done: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
      setCopied(true);
    } catch {
      setCopied(false); // plain-http addresses have no clipboard: the codes can be selected
    }
  };
  return (
    <div className="recovery">
      <p>
        <strong>{t("keepTheseRecoveryCodes")}</strong>{" "}{t("eachOpensOneLogInWhen")}
      </p>
      <ul className="recovery-codes" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="form-actions">
        <button type="button" className="button button-primary" onClick={done} data-testid="recovery-done">
          {t("iHaveKeptThem")}
        </button>
        <button type="button" className="button" onClick={() => void copy()}>
          {copied ? t("copied") : t("copy")}
        </button>
      </div>
    </div>
  );
}
