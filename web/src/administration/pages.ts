import { Building2, CalendarClock, GraduationCap, KeyRound, ScrollText, ShieldCheck, UserRoundCog, Webhook, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import { RotaPage } from "../alerts/RotaPage";
import { AuditPage } from "../audit/AuditPage";
import { ApiKeysPage } from "../keys/ApiKeysPage";
import { StoresPage } from "../places/StoresPage";
import { SitePolicyPage } from "../policy/SitePolicyPage";
import { SignInRulesPage } from "../security/SignInRulesPage";
import type { Permission } from "../shell/stores";
import { TrainingPage } from "../training/TrainingPage";
import { UsersPage } from "../users/UsersPage";

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
  { path: "/users", title: "Users", icon: UserRoundCog, needs: ["users:read"], page: UsersPage },
  { path: "/stores", title: "Stores", icon: Building2, needs: ["stores:write", "chain:write"], page: StoresPage },
  { path: "/rota", title: "Rota", icon: CalendarClock, needs: ["rota:write"], page: RotaPage },
  { path: "/policy-settings", title: "Site policy", icon: ShieldCheck, needs: ["policy:read"], page: SitePolicyPage },
  { path: "/training", title: "Training", icon: GraduationCap, needs: ["training:read"], page: TrainingPage },
  { path: "/api-keys", title: "API keys", icon: Webhook, needs: ["api-keys:read"], page: ApiKeysPage },
  { path: "/sign-in-rules", title: "Sign-in rules", icon: KeyRound, needs: ["sign-in:read"], page: SignInRulesPage },
  { path: "/audit", title: "Audit", icon: ScrollText, needs: ["audit:read"], page: AuditPage },
];

export function pagesFor(may: (permission: Permission) => boolean): readonly AdministrationPage[] {
  return PAGES.filter(({ needs }) => needs.some(may));
}
