import { useEffect, useSyncExternalStore } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { session } from "./api/session";
import { Administered, Allowed, Home } from "./administration/Administered";
import { PAGES } from "./administration/pages";
import { LoginPage } from "./login/LoginPage";
import { Console } from "./shell/Console";
import { languageChoice } from "./text/language";
import { lazily } from "./shell/lazily";
import { NotFound } from "./shell/NotFound";
import { Splash } from "./shell/Splash";

const LivePage = lazily(() => import("./live/LivePage"), "LivePage");
const SingleView = lazily(() => import("./live/SingleView"), "SingleView");
const AlertsPage = lazily(() => import("./alerts/AlertsPage"), "AlertsPage");
const IncidentsPage = lazily(() => import("./incidents/IncidentsPage"), "IncidentsPage");
const CamerasPage = lazily(() => import("./cameras/CamerasPage"), "CamerasPage");
const CameraPage = lazily(() => import("./cameras/CameraPage"), "CameraPage");
const SecurityPage = lazily(() => import("./security/SecurityPage"), "SecurityPage");

export function App() {
  const status = useSyncExternalStore(session.subscribe, session.snapshot);
  // All texts are read while drawing: another language draws everything anew.
  const language = useSyncExternalStore(languageChoice.subscribe, languageChoice.get);
  useEffect(() => void session.restore(), []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  if (status === "unknown") return <Splash />;
  return (
    <Routes key={language}>
      <Route path="/login" element={<LoginPage />} />
      <Route element={status === "signed-in" ? <Console /> : <ToLogin />}>
        <Route index element={<Home />} />
        <Route path="/live" element={<Allowed needs="live:view" page={LivePage} />} />
        <Route path="/live/:cameraId" element={<Allowed needs="live:view" page={SingleView} />} />
        <Route path="/alerts" element={<Allowed needs="alerts:read" page={AlertsPage} />} />
        <Route path="/alerts/:alertId" element={<Allowed needs="alerts:read" page={AlertsPage} />} />
        <Route path="/incidents/:incidentId" element={<Allowed needs="incidents:read" page={IncidentsPage} />} />
        <Route path="/cameras" element={<Allowed needs="cameras:read" page={CamerasPage} />} />
        <Route path="/cameras/:cameraId" element={<Allowed needs="cameras:read" page={CameraPage} />} />
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
