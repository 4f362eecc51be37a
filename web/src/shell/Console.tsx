import { Outlet, useLocation } from "react-router";
import { Suspense, useEffect } from "react";
import { AlertsProvider } from "../alerts/alerts";
import { CamerasProvider } from "../cameras/cameras";
import { LeadToasts } from "../matches/news";
import { liveSocket } from "../socket/socket";
import { Guard } from "./Guard";
import { Sidebar } from "./Sidebar";
import { StoreProvider, usePlace } from "./stores";
import { t } from "./texts";
import { ToastProvider } from "./toasts";

/** Everything behind the log-in: the socket, what all pages share, the sidebar. */
export function Console() {
  useEffect(() => {
    liveSocket.start();
    return () => liveSocket.stop();
  }, []);
  return (
    <StoreProvider>
      <OneStore />
    </StoreProvider>
  );
}

function OneStore() {
  const { store, may } = usePlace();
  const page = useLocation().pathname.split("/")[1];
  return (
    // A new store starts with nothing of the old one.
    <ToastProvider key={store.id}>
      <CamerasProvider>
        <AlertsProvider>
          {may("matches:review") && <LeadToasts />}
          <div className="console">
            <a className="skip" href="#main">
              {t("skip")}
            </a>
            <Sidebar />
            <main id="main" className="main" tabIndex={-1}>
              {store.demo && (
                <p className="demo-label" role="note" data-testid="demo-label">
                  {t("demo")}
                </p>
              )}
              <Guard key={page}>
                <Suspense fallback={<p className="page page-note" role="status">{t("loading")}</p>}>
                  <Outlet />
                </Suspense>
              </Guard>
            </main>
          </div>
        </AlertsProvider>
      </CamerasProvider>
    </ToastProvider>
  );
}
