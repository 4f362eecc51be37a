import { BellRing, Cctv, LogOut, MonitorPlay, Store as StoreIcon } from "lucide-react";
import { useSyncExternalStore } from "react";
import { NavLink } from "react-router";
import { session } from "../api/session";
import { useAlerts } from "../alerts/alerts";
import { openCount } from "../alerts/alertState";
import { liveSocket, type SocketStatus } from "../socket/socket";
import { useNow } from "./hooks";
import { pagesFor } from "../administration/pages";
import { Mark } from "./Mark";
import { usePlace } from "./stores";

const CONNECTION: Record<SocketStatus, string> = {
  off: "Not connected",
  connecting: "Connecting…",
  open: "Connected",
  waiting: "Reconnecting…",
};

export function Sidebar() {
  const { me, stores, store, choose } = usePlace();
  const { state } = useAlerts();
  const open = openCount(state);
  return (
    <aside className="sidebar">
      <div className="brand">
        <Mark size={26} />
        <span>PennyProtect</span>
      </div>
      <StoreChoice stores={stores} chosen={store.id} choose={choose} />
      <nav className="nav" aria-label="Pages">
        <NavLink to="/live" data-testid="nav-live">
          <MonitorPlay aria-hidden="true" />
          <span>Live</span>
        </NavLink>
        <NavLink to="/alerts" data-testid="nav-alerts">
          <BellRing aria-hidden="true" />
          <span>Alerts</span>
          {open.count > 0 && (
            <span className="badge" data-threat={open.threat ?? undefined} aria-label={`${open.count} open`}>
              {open.count > 99 ? "99+" : open.count}
            </span>
          )}
        </NavLink>
        <NavLink to="/cameras" data-testid="nav-cameras">
          <Cctv aria-hidden="true" />
          <span>Cameras</span>
        </NavLink>
        <Administration />
      </nav>
      <div className="sidebar-foot">
        <Clock />
        <Connection />
        <div className="user">
          <NavLink to="/security" className="user-link" data-testid="nav-security" title="Your account and security">
            <span className="user-initial" aria-hidden="true">
              {me.username.charAt(0).toUpperCase()}
            </span>
            <span className="user-name">{me.username}</span>
          </NavLink>
          <button type="button" className="icon-button" onClick={() => void session.signOut()} aria-label="Sign out" title="Sign out" data-testid="logout">
            <LogOut size={18} />
          </button>
        </div>
      </div>
    </aside>
  );
}

/** Pages for those who may do more than watch; nothing at all for the others. */
function Administration() {
  const pages = pagesFor(usePlace().may);
  if (pages.length === 0) return null;
  return (
    <div className="nav-group" role="group" aria-labelledby="nav-administration">
      <h2 id="nav-administration">Administration</h2>
      {pages.map(({ path, title, icon: Icon }) => (
        <NavLink key={path} to={path} data-testid={`nav${path.replaceAll("/", "-")}`}>
          <Icon aria-hidden="true" />
          <span>{title}</span>
        </NavLink>
      ))}
    </div>
  );
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
      <span className="visually-hidden">Store</span>
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

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

function Clock() {
  const now = useNow();
  return (
    <div className="clock">
      <time>{TIME.format(now)}</time>
      <span>{DAY.format(now)}</span>
    </div>
  );
}

function Connection() {
  const status = useSyncExternalStore(liveSocket.subscribe, liveSocket.snapshot);
  return (
    <div className="connection" data-status={status} data-testid="connection" role="status" title={CONNECTION[status]}>
      <span className="dot" aria-hidden="true" />
      <span>{CONNECTION[status]}</span>
    </div>
  );
}
