import { Cctv, Maximize } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Link } from "react-router";
import { useCameras } from "../cameras/cameras";
import { Empty, Failure } from "../shell/Empty";
import { useKeys, useTitle } from "../shell/hooks";
import { useWall } from "./wall";
import { FirstRun } from "../guide/FirstRun";
import { columnsFor } from "./geometry";
import { LayerSwitches, useLayers } from "./layers";
import { shownIn } from "./layout";
import { Layouts, useLayout } from "./Layouts";
import { liveFeed } from "./liveFeed";
import { t } from "./texts";
import { Tile } from "./Tile";

export function LivePage() {
  useTitle(t("live"));
  const { list, value, error, reload } = useCameras();
  const [layers, setLayers] = useLayers();
  const trouble = useSyncExternalStore(liveFeed.subscribe, liveFeed.trouble);
  const [wall, toWall] = useWall();
  useKeys({ w: () => void toWall(!wall) });
  const [layout, choose] = useLayout();
  const shown = shownIn(layout, list);
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
      <Grid count={shown.length} columns={layout.columns}>
        {shown.map((camera) => (
          <Tile
            key={camera.id}
            camera={camera}
            layers={layers}
            wrap={(picture) => (
              <Link to={`/live/${camera.id}`} className="tile-link" aria-label={t("enlarge", { name: camera.name })}>
                {picture}
              </Link>
            )}
          />
        ))}
      </Grid>
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
