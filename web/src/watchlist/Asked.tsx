import { useState } from "react";

/** An act that wants a reason first. */
export function Asked({ label, placeholder, act, testId }: { label: string; placeholder: string; act: (reason: string) => Promise<void>; testId: string }) {
  const [reason, setReason] = useState<string | null>(null);
  if (reason === null)
    return (
      <button type="button" className="button button-quiet" onClick={() => setReason("")} data-testid={testId}>
        {label}
      </button>
    );
  return (
    <form className="entry-reason" onSubmit={(event) => (event.preventDefault(), void act(reason))}>
      <input required maxLength={500} value={reason} placeholder={placeholder} onChange={({ target }) => setReason(target.value)} data-testid={`${testId}-reason`} aria-label={placeholder} />
      <button type="submit" className="button" data-testid={`${testId}-do`}>
        {label}
      </button>
    </form>
  );
}
