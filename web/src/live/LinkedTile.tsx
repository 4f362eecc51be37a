import { Link } from "react-router";
import type { Camera } from "../api/types";
import type { Layers } from "./overlay";
import { t } from "./texts";
import { Tile } from "./Tile";

/** A tile whose picture leads to the camera's own page. */
export function LinkedTile({ camera, layers }: { camera: Camera; layers: Layers }) {
  return (
    <Tile
      camera={camera}
      layers={layers}
      wrap={(picture) => (
        <Link to={`/live/${camera.id}`} className="tile-link" aria-label={t("enlarge", { name: camera.name })}>
          {picture}
        </Link>
      )}
    />
  );
}
