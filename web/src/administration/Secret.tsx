import { Check, Copy } from "lucide-react";
import { useState, type ReactNode } from "react";
import { t } from "./texts";

interface Props {
  title: string;
  secret: string | null;
  children: ReactNode;
  done: () => void;
  testId: string;
}

/** Something that is shown this once: it stays until the person says that it is kept. */
export function Secret({ title, secret, children, done, testId }: Props) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret ?? "");
      setCopied(true);
    } catch {
      setCopied(false); // plain-http addresses have no clipboard: the text can be selected
    }
  };
  return (
    <section className="panel shown-once" aria-label={title} aria-live="polite">
      <h2>{title}</h2>
      {children}
      {secret === null ? (
        <p className="form-error">{t("theAnswerWasLostOnIts")}</p>
      ) : (
        <code className="secret" data-testid={testId}>
          {secret}
        </code>
      )}
      <div className="form-actions">
        {secret !== null && (
          <button type="button" className="button button-primary" onClick={() => void copy()}>
            {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
            {copied ? t("copied") : t("copy")}
          </button>
        )}
        <button type="button" className="button" onClick={done} data-testid={`${testId}-done`}>
          {secret === null ? t("close") : t("iHaveKeptIt")}
        </button>
      </div>
    </section>
  );
}
