import { KeyRound, ScrollText, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import { AuditPage } from "../audit/AuditPage";
import { SignInRulesPage } from "../security/SignInRulesPage";
import type { Permission } from "../shell/stores";

/** A page of the sidebar's group "Administration". */
export interface AdministrationPage {
  path: `/${string}`;
  title: string;
  icon: LucideIcon;
  /** Whoever holds one of these sees the page. The server decides again about everything on it. */
  needs: readonly Permission[];
  page: ComponentType;
}

/** In the order of the sidebar. A new page is one line here. */
export const PAGES: readonly AdministrationPage[] = [
  { path: "/sign-in-rules", title: "Sign-in rules", icon: KeyRound, needs: ["sign-in:read"], page: SignInRulesPage },
  { path: "/audit", title: "Audit", icon: ScrollText, needs: ["audit:read"], page: AuditPage },
];

export function pagesFor(may: (permission: Permission) => boolean): readonly AdministrationPage[] {
  return PAGES.filter(({ needs }) => needs.some(may));
}
