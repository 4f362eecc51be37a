<<<<<<< HEAD
import { KeyRound, ScrollText, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import { AuditPage } from "../audit/AuditPage";
=======
import { GraduationCap, KeyRound, ShieldCheck, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import { SitePolicyPage } from "../policy/SitePolicyPage";
>>>>>>> 70685de (Visitors read what runs here, staff are trained before they may review, a store manager does it all from one page, a demonstration stays on loopback, and the command line writes the annex)
import { SignInRulesPage } from "../security/SignInRulesPage";
import type { Permission } from "../shell/stores";
import { TrainingPage } from "../training/TrainingPage";

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
<<<<<<< HEAD
  { path: "/audit", title: "Audit", icon: ScrollText, needs: ["audit:read"], page: AuditPage },
=======
  { path: "/policy-settings", title: "Site policy", icon: ShieldCheck, needs: ["policy:read"], page: SitePolicyPage },
  { path: "/training", title: "Training", icon: GraduationCap, needs: ["training:read"], page: TrainingPage },
>>>>>>> 70685de (Visitors read what runs here, staff are trained before they may review, a store manager does it all from one page, a demonstration stays on loopback, and the command line writes the annex)
];

export function pagesFor(may: (permission: Permission) => boolean): readonly AdministrationPage[] {
  return PAGES.filter(({ needs }) => needs.some(may));
}
