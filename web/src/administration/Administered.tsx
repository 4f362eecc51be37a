import type { ComponentType } from "react";
import { Navigate } from "react-router";
import type { Permission } from "../api/types";
import { Denied } from "../shell/Denied";
import { usePlace } from "../shell/stores";
import type { AdministrationPage } from "./pages";

/** The page, for those who may use it; the others read that it is not for their role. */
export function Administered({ page: { needs, page: Page } }: { page: AdministrationPage }) {
  const { may } = usePlace();
  return needs.some(may) ? <Page /> : <Denied />;
}

/** One of the pages of every day, likewise. */
export function Allowed({ needs, page: Page }: { needs: Permission; page: ComponentType }) {
  const { may } = usePlace();
  return may(needs) ? <Page /> : <Denied />;
}

/** The first page that this person's roles show. */
export function Home() {
  const { may } = usePlace();
  return <Navigate to={may("live:view") ? "/live" : may("alerts:read") ? "/alerts" : "/cameras"} replace />;
}
