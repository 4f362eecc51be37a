import { Component, type ErrorInfo, type ReactNode } from "react";
import { Empty } from "./Empty";

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
      <Empty title="This page has failed">
        <p>The fault is ours. The other pages go on; reload to try this one again.</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Reload
        </button>
      </Empty>
    );
  }
}
