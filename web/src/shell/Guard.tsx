import { Component, type ErrorInfo, type ReactNode } from "react";
import { Empty } from "./Empty";
import { t } from "./texts";

/** Keeps a fault of one page from blanking the console: sidebar, connection and toasts go on. A new `key` tries again. */
export class Guard extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error("a page failed", error, info.componentStack);
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Empty title={t("thisPageHasFailed")} testId="page-failed">
        <p>{t("theFaultIsOursTheOther")}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          {t("reload")}
        </button>
      </Empty>
    );
  }
}
