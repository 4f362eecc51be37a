import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { usePlace } from "../shell/stores";
import { language } from "../text/language";
import { clock } from "../text/format";
import { coverage, type Coverage, type Switch } from "./endpoints";
import { t } from "./coverageTexts";

const RELOAD_EVERY_MS = 5_000;
/** So many more people before the lists outgrow the test is worth a word. */
const NEAR = 3;

/** Who is told: whoever may change cameras or lists, or see the policy. */
const FOR = ["cameras:write", "enrolments:write", "enrolments:approve", "policy:read"] as const;

/** What a change in this store would switch off; null while that is not known. */
export function useCoverage(): Coverage | null {
  const { store, may } = usePlace();
  const enabled = FOR.some(may);
  const { data } = useQuery({ queryKey: ["coverage", store.id], queryFn: () => coverage(store.id), refetchInterval: RELOAD_EVERY_MS, enabled });
  return data ?? null;
}

/** "face comparison and gait comparison". */
const spoken = (switches: readonly Switch[]) => new Intl.ListFormat(language(), { type: "conjunction" }).format(switches.map((each) => t(each)));

/** What a button says that also switches off: "Save and switch off". */
export const anyway = (act: string, ends: readonly Switch[]) => (ends.length > 0 ? t("anyway", { act }) : act);

const ENDS = { adding: "endsAdding", removing: "endsRemoving", moving: "endsMoving" } as const;

/** Said before cameras are added or removed, or one gets another address. */
export function EndsWithCameras({ ends, by = "adding" }: { ends: readonly Switch[]; by?: keyof typeof ENDS }) {
  if (ends.length === 0) return null;
  return (
    <Notice title={t("endsTitle", { switches: spoken(ends) })} testId="ends-with-cameras">
      {t(ENDS[by])} {t("endsThen")}
    </Notice>
  );
}

/** Said after something was switched off because a paper no longer held, until somebody decides again. */
export function LapseNotice({ here = false }: { here?: boolean }) {
  const { may } = usePlace();
  const lapsed = useCoverage()?.lapsed;
  if (!lapsed) return null;
  return (
    <Notice title={`${t("lapsedTitle", { switches: spoken(lapsed.switches) })}, ${clock(lapsed.at, Date.now())}`} testId="lapsed">
      {lapsed.why} {t(!may("policy:write") ? "lapsedAsk" : here ? "lapsedHere" : "lapsedThen")} {!here && may("policy:read") && <Link to="/policy-settings">{t("policy")}</Link>}
    </Notice>
  );
}

/** Said before the lists of a store outgrow its acceptance test. */
export function ListsOutgrow() {
  const found = useCoverage();
  if (found === null || found.most_listed === null) return null;
  const left = found.most_listed - found.listed;
  if (left >= NEAR) return null;
  return (
    <Notice title={left < 1 ? t("listFull", { switches: spoken(found.on.filter((each) => each !== "re_identification")) }) : t("listNear", { count: left })} testId="lists-outgrow">
      {t("listWhy", { most: found.most_listed, listed: found.listed })}
    </Notice>
  );
}

function Notice({ title, testId, children }: { title: string; testId: string; children: ReactNode }) {
  return (
    <div className="notice notice-act" role="status" data-testid={testId}>
      <TriangleAlert size={18} aria-hidden="true" />
      <div>
        <strong>{title}</strong>
        <p>{children}</p>
      </div>
    </div>
  );
}
