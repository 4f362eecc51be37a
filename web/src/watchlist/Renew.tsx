import { useState, type FormEvent } from "react";
import { sentenceFor } from "../api/problem";
import { renew, type Entry } from "./endpoints";
import { dayAfter } from "./words";
import { t } from "./texts";

/** Proposes a later end; the present one holds until another person approves. */
export function Renew({ entry, done }: { entry: Entry; done: () => void }) {
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const now = new Date();
  const [draft, setDraft] = useState({ until: dayAfter(new Date(entry.expires_at), 90), review: dayAfter(now, 60), reason: "" });
  if (!open)
    return (
      <button type="button" className="button button-quiet" onClick={() => setOpen(true)} data-testid="entry-renew">
        {t("renew")}
      </button>
    );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await renew(entry.id, `${draft.until}T00:00:00Z`, draft.review, draft.reason);
      done();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setBusy(false);
  };
  return (
    <form className="renew" onSubmit={(event) => void submit(event)}>
      <label className="field">
        <span>{t("newEnd")}</span>
        <input type="date" required min={entry.expires_at.slice(0, 10)} value={draft.until} onChange={({ target }) => setDraft({ ...draft, until: target.value })} data-testid="entry-renew-until" />
      </label>
      <label className="field">
        <span>{t("lookedAtAgainOn")}</span>
        <input type="date" required min={dayAfter(now, 1)} value={draft.review} onChange={({ target }) => setDraft({ ...draft, review: target.value })} />
      </label>
      <label className="field">
        <span>{t("whyItShallGoOn")}</span>
        <input required maxLength={1000} value={draft.reason} onChange={({ target }) => setDraft({ ...draft, reason: target.value })} data-testid="entry-renew-reason" />
      </label>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button" disabled={busy} data-testid="entry-renew-do">
          {t("propose")}
        </button>
        <button type="button" className="button button-quiet" onClick={() => setOpen(false)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
