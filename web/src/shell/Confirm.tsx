import { useEffect, useRef, type ReactNode } from "react";
import { t } from "./texts";

interface Props {
  title: string;
  children: ReactNode;
  act: string;
  busy?: boolean;
  /** False for what can be taken back. */
  danger?: boolean;
  onAct: () => void;
  onCancel: () => void;
}

/** Asks before something that matters. Esc and the first button cancel. */
export function Confirm({ title, children, act, busy = false, danger = true, onAct, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="confirm-title" onCancel={onCancel}>
      <h2 id="confirm-title">{title}</h2>
      {children}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onCancel} autoFocus>
          {t("cancel")}
        </button>
        <button type="button" className={danger ? "button button-danger" : "button button-primary"} onClick={onAct} disabled={busy} data-testid="confirm">
          {busy ? t("working") : act}
        </button>
      </div>
    </dialog>
  );
}
