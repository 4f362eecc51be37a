import type { ReactNode } from "react";
import { t } from "./texts";

/** What a page says when it has nothing to show, and what to do about it. */
export function Empty({ title, icon, children, testId }: { title: string; icon?: ReactNode; children?: ReactNode; testId?: string }) {
  return (
    <div className="empty" data-testid={testId}>
      {icon}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failure({ sentence, retry, testId }: { sentence: string; retry?: () => void; testId?: string }) {
  return (
    <div className="failure" role="alert" data-testid={testId}>
      <p>{sentence}</p>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {t("tryAgain")}
        </button>
      )}
    </div>
  );
}
