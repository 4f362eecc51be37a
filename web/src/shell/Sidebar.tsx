import { BellRing, Cctv, LogOut, MonitorPlay, Store as StoreIcon } from "lucide-react";
import { useSyncExternalStore } from "react";
import { NavLink } from "react-router";
import { session } from "../api/session";
import { useAlerts } from "../alerts/alerts";
import { openCount } from "../alerts/alertState";
import { liveSocket, type SocketStatus } from "../socket/socket";
import { useNow } from "./hooks";
import { pagesFor, titleOf } from "../administration/pages";
import { Mark } from "./Mark";
import { formatter } from "../text/formatters";
import { Preferences } from "./Preferences";
import { usePlace } from "./stores";
import { t } from "./texts";

const CONNECTION = { off: "notConnected", connecting: "connecting", open: "connected", waiting: "reconnecting" } as const satisfies Record<SocketStatus, string>;

export function Sidebar() {
  const { me, stores, store, choose, may } = usePlace();
  const { state } = useAlerts();
  const open = openCount(state);
  return (
    <aside className="sidebar">
      <div className="brand">
        <Mark size={26} />
        <span>PennyProtect</span>
      </div>
      <StoreChoice stores={stores} chosen={store.id} choose={choose} />
      <nav className="nav" aria-label={t("pages")}>
        {may("live:view") && (
          <NavLink to="/live" data-testid="nav-live">
            <MonitorPlay aria-hidden="true" />
            <span>{t("live")}</span>
          </NavLink>
        )}
        {may("alerts:read") && (
          <NavLink to="/alerts" data-testid="nav-alerts">
            <BellRing aria-hidden="true" />
            <span>{t("alerts")}</span>
            {open.count > 0 && (
              <span className="badge" data-threat={open.threat ?? undefined} aria-label={t("open", { count: open.count })} role="img">
                {open.count > 99 ? "99+" : open.count}
              </span>
            )}
          </NavLink>
        )}
        {may("cameras:read") && (
          <NavLink to="/cameras" data-testid="nav-cameras">
            <Cctv aria-hidden="true" />
            <span>{t("cameras")}</span>
          </NavLink>
        )}
        <Listed group="work" />
        <Administration />
      </nav>
      <div className="sidebar-foot">
        <Clock />
        <Connection />
        <div className="user">
          <NavLink to="/security" className="user-link" data-testid="nav-security" title={t("account")}>
            <span className="user-initial" aria-hidden="true">
              {me.username.charAt(0).toUpperCase()}
            </span>
            <span className="user-name">{me.username}</span>
          </NavLink>
          <Preferences />
          <button type="button" className="icon-button" onClick={() => void session.signOut()} aria-label={t("signOut")} title={t("signOut")} data-testid="logout">
            <LogOut size={18} />
          </button>
        </div>
      </div>
    </aside>
  );
}

/** Pages for those who may do more than watch; nothing at all for the others. */
function Administration() {
  const pages = usePages("administration");
  if (pages.length === 0) return null;
  return (
    <div className="nav-group" role="group" aria-labelledby="nav-administration">
      <h2 id="nav-administration">{t("administration")}</h2>
      <Listed group="administration" />
    </div>
  );
}

function usePages(group: "work" | "administration") {
  return pagesFor(usePlace().may).filter((page) => (page.group ?? "administration") === group);
}

function Listed({ group }: { group: "work" | "administration" }) {
  return usePages(group).map((page) => (
    <NavLink key={page.path} to={page.path} data-testid={`nav${page.path.replaceAll("/", "-")}`}>
      <page.icon aria-hidden="true" />
      <span>{titleOf(page)}</span>
    </NavLink>
  ));
}

function StoreChoice({ stores, chosen, choose }: { stores: { id: string; name: string }[]; chosen: string; choose: (id: string) => void }) {
  if (stores.length < 2) {
    return (
      <div className="store-name">
        <StoreIcon size={16} aria-hidden="true" />
        {stores[0]?.name}
      </div>
    );
  }
  return (
    <label className="store-choice">
      <span className="visually-hidden">{t("store")}</span>
      <select value={chosen} onChange={(event) => choose(event.target.value)}>
        {stores.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const DAY = { weekday: "short", day: "numeric", month: "short" } as const;

/** The store's clock. */
function Clock() {
  const now = useNow();
  return (
    <div className="clock">
      <time>{formatter(TIME).format(now)}</time>
      <span>{formatter(DAY).format(now)}</span>
    </div>
  );
}

function Connection() {
  const status = useSyncExternalStore(liveSocket.subscribe, liveSocket.snapshot);
  return (
    <div className="connection" data-status={status} data-testid="connection" role="status" title={t(CONNECTION[status])}>
      <span className="dot" aria-hidden="true" />
      <span>{t(CONNECTION[status])}</span>
    </div>
  );
}
