import { X } from "lucide-react";
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Link } from "react-router";
import type { Threat } from "../api/types";
import { ThreatMark } from "../alerts/ThreatMark";
import { t } from "./texts";

export interface Toast {
  id: string;
  threat: Threat;
  title: string;
  text: string;
  to: string;
}

interface Toasts {
  show: (toast: Toast) => void;
  dismiss: (id: string) => void;
}

const Context = createContext<Toasts | null>(null);
const STAY_MS = 9_000;
const MOST_SHOWN = 4;
const MOST_KEPT = 50;

export function useToasts(): Toasts {
  const toasts = useContext(Context);
  if (toasts === null) throw new Error("useToasts outside ToastProvider");
  return toasts;
}

/** Messages above every page. A high threat stays until a person dismisses it. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const show = useCallback(
    (toast: Toast) => setToasts((old) => [toast, ...old.filter(({ id }) => id !== toast.id)].slice(0, MOST_KEPT)),
    [],
  );
  const dismiss = useCallback((id: string) => setToasts((old) => old.filter((toast) => toast.id !== id)), []);
  const value = useMemo(() => ({ show, dismiss }), [show, dismiss]);
  const hidden = toasts.length - MOST_SHOWN;
  return (
    <Context value={value}>
      {children}
      <section className="toasts" aria-label={t("newAlerts")}>
        <div aria-live="assertive">
          {toasts.slice(0, MOST_SHOWN).map((toast) => (
            <ToastCard key={toast.id} toast={toast} dismiss={dismiss} />
          ))}
        </div>
        {hidden > 0 && (
          <Link className="toast-more" to="/alerts">
            {t("more", { hidden })}
          </Link>
        )}
      </section>
    </Context>
  );
}

function ToastCard({ toast, dismiss }: { toast: Toast; dismiss: (id: string) => void }) {
  const [held, setHeld] = useState(false);
  const leave = useRef(dismiss);
  leave.current = dismiss;
  useEffect(() => {
    if (held || toast.threat === "high") return;
    const timer = setTimeout(() => leave.current(toast.id), STAY_MS);
    return () => clearTimeout(timer);
  }, [held, toast.id, toast.threat]);
  return (
    <div
      className="toast"
      data-testid="toast"
      data-threat={toast.threat}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <ThreatMark threat={toast.threat} />
      <Link to={toast.to} className="toast-body" onClick={() => dismiss(toast.id)}>
        <strong>{toast.title}</strong>
        <span>{toast.text}</span>
      </Link>
      <button type="button" className="icon-button" aria-label={t("dismiss")} onClick={() => dismiss(toast.id)}>
        <X size={18} />
      </button>
    </div>
  );
}
