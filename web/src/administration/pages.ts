import { ArchiveX, BellDot, Boxes, Building2, CalendarClock, ChartColumn, ClipboardList, FileUp, FolderOpen, GraduationCap, HeartPulse, IdCard, KeyRound, LayoutList, Map, MessageSquareWarning, ScanFace, ScrollText, ShieldCheck, SlidersHorizontal, UserRoundCog, UserRoundSearch, Webhook, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import type { Permission } from "../api/types";
import { lazily } from "../shell/lazily";
import { language } from "../text/language";

/** A page that the sidebar lists. */
export interface AdministrationPage {
  path: `/${string}`;
  title: string;
  /** The title in Spanish. */
  es?: string;
  /** "work" for what store staff do all day; the group "Administration" otherwise. */
  group?: "work" | "administration";
  icon: LucideIcon;
  /** Whoever holds one of these sees the page. The server decides again about everything on it. */
  needs: readonly Permission[];
  page: ComponentType;
}

/** In the order of the sidebar. A new page is one line here; its code is loaded when it is first opened. */
export const PAGES: readonly AdministrationPage[] = [
  { path: "/plan", title: "Floor plan", es: "Plano", group: "work", icon: Map, needs: ["cameras:read"], page: lazily(() => import("../plan/FloorPlanPage"), "FloorPlanPage") },
  { path: "/hand-over", title: "Hand-over", es: "Relevo", group: "work", icon: ClipboardList, needs: ["alerts:handle"], page: lazily(() => import("../alerts/HandOverPage"), "HandOverPage") },
  { path: "/leads", title: "Leads", es: "Coincidencias", group: "work", icon: UserRoundSearch, needs: ["matches:read"], page: lazily(() => import("../matches/MatchesPage"), "MatchesPage") },
  { path: "/watchlists", title: "Watchlists", es: "Listas de vigilancia", group: "work", icon: ScanFace, needs: ["watchlists:read"], page: lazily(() => import("../watchlist/WatchlistPage"), "WatchlistPage") },
  { path: "/import-people", title: "Import people", es: "Importar personas", icon: FileUp, needs: ["enrolments:write"], page: lazily(() => import("../watchlist/ImportPage"), "ImportPage") },
  { path: "/match-thresholds", title: "Match thresholds", es: "Umbrales", icon: SlidersHorizontal, needs: ["watchlists:write"], page: lazily(() => import("../watchlist/ThresholdsPage"), "ThresholdsPage") },
  { path: "/incidents", title: "Incidents", es: "Incidentes", group: "work", icon: FolderOpen, needs: ["incidents:read"], page: lazily(() => import("../incidents/IncidentsPage"), "IncidentsPage") },
  { path: "/complaints", title: "Complaints", es: "Quejas", group: "work", icon: MessageSquareWarning, needs: ["complaints:read"], page: lazily(() => import("../complaints/ComplaintsPage"), "ComplaintsPage") },
  { path: "/data-requests", title: "Data requests", es: "Solicitudes de datos", icon: IdCard, needs: ["data-requests:read"], page: lazily(() => import("../dataRequests/DataRequestsPage"), "DataRequestsPage") },
  { path: "/retention", title: "Retention", es: "Conservación", icon: ArchiveX, needs: ["retention:read"], page: lazily(() => import("../retention/RetentionPage"), "RetentionPage") },
  { path: "/overview", title: "All stores", es: "Todas las tiendas", group: "work", icon: LayoutList, needs: ["alerts:read"], page: lazily(() => import("../reports/OverviewPage"), "OverviewPage") },
  { path: "/reports", title: "Reports", es: "Informes", group: "work", icon: ChartColumn, needs: ["alerts:read"], page: lazily(() => import("../reports/ReportsPage"), "ReportsPage") },
  { path: "/users", title: "Users", es: "Usuarios", icon: UserRoundCog, needs: ["users:read"], page: lazily(() => import("../users/UsersPage"), "UsersPage") },
  { path: "/stores", title: "Stores", es: "Tiendas", icon: Building2, needs: ["stores:write", "chain:write"], page: lazily(() => import("../places/StoresPage"), "StoresPage") },
  { path: "/rules", title: "Rules", es: "Reglas", icon: SlidersHorizontal, needs: ["rules:read"], page: lazily(() => import("../rules/RulesPage"), "RulesPage") },
  { path: "/rota", title: "Rota", es: "Turnos", icon: CalendarClock, needs: ["rota:write"], page: lazily(() => import("../alerts/RotaPage"), "RotaPage") },
  { path: "/notifications", title: "Notifications", es: "Notificaciones", icon: BellDot, needs: ["notifications:read"], page: lazily(() => import("../notifications/NotificationsPage"), "NotificationsPage") },
  { path: "/policy-settings", title: "Site policy", es: "Política de la tienda", icon: ShieldCheck, needs: ["policy:read"], page: lazily(() => import("../policy/SitePolicyPage"), "SitePolicyPage") },
  { path: "/training", title: "Training", es: "Formación", icon: GraduationCap, needs: ["training:read"], page: lazily(() => import("../training/TrainingPage"), "TrainingPage") },
  { path: "/api-keys", title: "API keys", es: "Claves de API", icon: Webhook, needs: ["api-keys:read"], page: lazily(() => import("../keys/ApiKeysPage"), "ApiKeysPage") },
  { path: "/sign-in-rules", title: "Sign-in rules", es: "Reglas de acceso", icon: KeyRound, needs: ["sign-in:read"], page: lazily(() => import("../security/SignInRulesPage"), "SignInRulesPage") },
  { path: "/models", title: "Models", es: "Modelos", icon: Boxes, needs: ["models:read"], page: lazily(() => import("../models/ModelsPage"), "ModelsPage") },
  { path: "/system", title: "System", es: "Sistema", icon: HeartPulse, needs: ["cameras:write", "stores:write"], page: lazily(() => import("../system/SystemPage"), "SystemPage") },
  { path: "/audit", title: "Audit", es: "Auditoría", icon: ScrollText, needs: ["audit:read"], page: lazily(() => import("../audit/AuditPage"), "AuditPage") },
];

export function titleOf({ title, es }: AdministrationPage): string {
  return language() === "es" ? (es ?? title) : title;
}

export function pagesFor(may: (permission: Permission) => boolean): readonly AdministrationPage[] {
  return PAGES.filter(({ needs }) => needs.some(may));
}
