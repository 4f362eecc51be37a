import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { t } from "./texts";

interface Props {
  title: string;
  children: ReactNode;
  onClose: () => void;
  /** For forms and pictures that need room. */
  wide?: boolean;
  testId?: string;
}

/** A modal window: the browser's own <dialog> keeps the focus inside and closes on Esc. */
export function Dialog({ title, children, onClose, wide = false, testId }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    // What had the focus gets it back, though the button that opened this may be drawn anew meanwhile.
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => (before instanceof HTMLElement && before.isConnected ? before.focus() : undefined);
  }, []);
  return (
    <dialog ref={dialog} className={wide ? "dialog dialog-wide" : "dialog"} aria-labelledby={id} onCancel={onClose} data-testid={testId}>
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon-button" onClick={onClose} aria-label={t("close")}>
          <X size={18} aria-hidden="true" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
