import { Cctv, Maximize } from "lucide-react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Link } from "react-router";
import { useAlerts } from "../alerts/alerts";
import { useCameras } from "../cameras/cameras";
import { Empty, Failure } from "../shell/Empty";
import { useKeys, useTitle } from "../shell/hooks";
import { useWall } from "./wall";
import { markOf, openAlerts } from "../plan/state";
import { FirstRun } from "../guide/FirstRun";
import { columnsFor } from "./geometry";
import { LayerSwitches, useLayers } from "./layers";
import { divided, shownIn } from "./layout";
import { Layouts, useLayout } from "./Layouts";
import { LinkedTile } from "./LinkedTile";
import { liveFeed } from "./liveFeed";
import { t } from "./texts";
import { Thumb } from "./Thumb";

export function LivePage() {
  useTitle(t("live"));
  const { list, value, error, reload } = useCameras();
  const [layers, setLayers] = useLayers();
  const trouble = useSyncExternalStore(liveFeed.subscribe, liveFeed.trouble);
  const [wall, toWall] = useWall();
  // The browser's own Esc ends its whole screen; where that was refused, this one gives the page back.
  useKeys({ w: () => void toWall(!wall), ...(wall ? { Escape: () => void toWall(false) } : {}) });
  const [layout, choose] = useLayout();
  const { moving, stills, left } = divided(layout.large, shownIn(layout, list));
  const { state } = useAlerts();
  const open = useMemo(() => (stills.length > 0 ? openAlerts(state) : []), [state, stills.length]);
  const live = list.filter(({ state }) => state === "live").length;
  return (
    <div className="page page-live">
      <header className="page-head">
        <div>
          <h1>{t("live")}</h1>
          {value && list.length > 0 && (
            <p className="page-note">
              {t("ofLive", { live, count: list.length })}
            </p>
          )}
        </div>
        <div className="head-tools">
          {list.length > 1 && <Layouts cameras={list} layout={layout} choose={choose} />}
          <LayerSwitches layers={layers} onChange={setLayers} />
          <button type="button" className="button" aria-pressed={wall} onClick={() => void toWall(!wall)} title={`${t("wallWhy")} (W)`} data-testid="wall">
            <Maximize size={16} aria-hidden="true" />
            {t("wall")}
          </button>
        </div>
      </header>
      {value && <FirstRun cameras={list} />}
      {trouble && <Failure sentence={trouble} />}
      {error && !value && <Failure sentence={error} retry={reload} />}
      {value && list.length === 0 && (
        <Empty title={t("none")} icon={<Cctv size={40} aria-hidden="true" />}>
          <p>{t("noneWhy")}</p>
          <Link className="button button-primary" to="/cameras">
            {t("add")}
          </Link>
        </Empty>
      )}
      <div className="live-both" data-stills={stills.length > 0}>
        {moving.length > 0 && (
          <Grid count={moving.length} columns={layout.columns}>
            {moving.map((camera) => (
              <LinkedTile key={camera.id} camera={camera} layers={layers} />
            ))}
          </Grid>
        )}
        {stills.length > 0 && (
          <div className="thumbs" data-testid="thumbs">
            {stills.map((camera) => (
              <Thumb key={camera.id} camera={camera} threat={markOf(camera, open).threat} />
            ))}
          </div>
        )}
      </div>
      {left > 0 && <p className="quiet" data-testid="live-left">{t("left", { count: left })}</p>}
    </div>
  );
}

/** As many columns as show the tiles large; the width is the grid's own. */
function Grid({ count, columns, children }: { count: number; columns: number | null; children: React.ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const resized = new ResizeObserver(() => setWidth(element.clientWidth));
    resized.observe(element);
    return () => resized.disconnect();
  }, []);
  return (
    <div ref={ref} className="grid" style={{ gridTemplateColumns: `repeat(${columns ?? columnsFor(count, width)}, minmax(0, 1fr))` }}>
      {width > 0 && children}
    </div>
  );
}
