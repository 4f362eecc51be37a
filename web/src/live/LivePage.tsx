import { Cctv } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Link } from "react-router";
import { useCameras } from "../cameras/cameras";
import { Empty, Failure } from "../shell/Empty";
import { useTitle } from "../shell/hooks";
import { columnsFor } from "./geometry";
import { LayerSwitches, useLayers } from "./layers";
import { liveFeed } from "./liveFeed";
import { Tile } from "./Tile";

export function LivePage() {
  useTitle("Live");
  const { list, value, error, reload } = useCameras();
  const [layers, setLayers] = useLayers();
  const trouble = useSyncExternalStore(liveFeed.subscribe, liveFeed.trouble);
  const live = list.filter(({ state }) => state === "live").length;
  return (
    <div className="page page-live">
      <header className="page-head">
        <div>
          <h1>Live</h1>
          {value && list.length > 0 && (
            <p className="page-note">
              {live} of {list.length} {list.length === 1 ? "camera" : "cameras"} live
            </p>
          )}
        </div>
        <LayerSwitches layers={layers} onChange={setLayers} />
      </header>
      {trouble && <Failure sentence={trouble} />}
      {error && !value && <Failure sentence={error} retry={reload} />}
      {value && list.length === 0 && (
        <Empty title="No cameras yet" icon={<Cctv size={40} aria-hidden="true" />}>
          <p>Add a camera by its address, and its picture appears here.</p>
          <Link className="button button-primary" to="/cameras">
            Add a camera
          </Link>
        </Empty>
      )}
      <Grid count={list.length}>
        {list.map((camera) => (
          <Tile
            key={camera.id}
            camera={camera}
            layers={layers}
            wrap={(picture) => (
              <Link to={`/live/${camera.id}`} className="tile-link" aria-label={`Enlarge ${camera.name}`}>
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
function Grid({ count, children }: { count: number; children: React.ReactNode }) {
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
    <div ref={ref} className="grid" style={{ gridTemplateColumns: `repeat(${columnsFor(count, width)}, minmax(0, 1fr))` }}>
      {width > 0 && children}
    </div>
  );
}
