import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "../api/problem";
import { Failure } from "../shell/Empty";
import { t } from "./texts";

/** What a query gave, or that it loads, or why it failed. What was loaded before stays on the page below a failure. */
export function Answer<T>({ of, children }: { of: UseQueryResult<T>; children: (value: T) => ReactNode }) {
  const { data, error, refetch } = of;
  return (
    <>
      {error && <Failure sentence={sentenceFor(error)} retry={() => void refetch()} />}
      {data !== undefined ? children(data) : !error && <p className="page-note" role="status">{t("loading")}</p>}
    </>
  );
}
