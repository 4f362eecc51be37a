import { useEffect, useSyncExternalStore } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { session } from "./api/session";
import { Administered } from "./administration/Administered";
import { PAGES } from "./administration/pages";
import { AlertsPage } from "./alerts/AlertsPage";
import { CameraPage } from "./cameras/CameraPage";
import { CamerasPage } from "./cameras/CamerasPage";
import { LivePage } from "./live/LivePage";
import { SingleView } from "./live/SingleView";
import { LoginPage } from "./login/LoginPage";
import { SecurityPage } from "./security/SecurityPage";
import { Console } from "./shell/Console";
import { NotFound } from "./shell/NotFound";
import { Splash } from "./shell/Splash";

export function App() {
  const status = useSyncExternalStore(session.subscribe, session.snapshot);
  useEffect(() => void session.restore(), []);
  if (status === "unknown") return <Splash />;
  return (
    <Routes>
      <Route path="/login" element={<LoginPage />} />
      <Route element={status === "signed-in" ? <Console /> : <ToLogin />}>
        <Route index element={<Navigate to="/live" replace />} />
        <Route path="/live" element={<LivePage />} />
        <Route path="/live/:cameraId" element={<SingleView />} />
        <Route path="/alerts" element={<AlertsPage />} />
        <Route path="/alerts/:alertId" element={<AlertsPage />} />
        <Route path="/cameras" element={<CamerasPage />} />
        <Route path="/cameras/:cameraId" element={<CameraPage />} />
        {PAGES.map((page) => (
          <Route key={page.path} path={page.path} element={<Administered page={page} />} />
        ))}
        <Route path="/security" element={<SecurityPage />} />
        <Route path="*" element={<NotFound />} />
      </Route>
    </Routes>
  );
}

/** To the log-in page, which leads back to where the person wanted to be. */
function ToLogin() {
  const { pathname, search } = useLocation();
  const wanted = pathname + search;
  const to = wanted === "/" ? "/login" : `/login?next=${encodeURIComponent(wanted)}`;
  return <Navigate to={to} replace />;
}
