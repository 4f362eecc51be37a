import { Map, Pencil, Store as StoreIcon } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import type { Region, Store } from "../api/types";
import { usePlace } from "../shell/stores";
import { StoreForm } from "./StoreForm";
import { t } from "./texts";

interface Props {
  store: Store;
  regions: Region[];
  writes: boolean;
  movable: boolean;
  changed: () => void;
}

export function StoreRow({ store, regions, writes, movable, changed }: Props) {
  const [editing, setEditing] = useState(false);
  const { may, choose, stores } = usePlace();
  const region = regions.find(({ id }) => id === store.region_id);
  const done = () => {
    setEditing(false);
    changed();
  };
  return (
    <li className="row" data-testid="store">
      <div className="row-head">
        <StoreIcon size={20} aria-hidden="true" />
        <span className="row-name">
          <strong>{store.name}</strong>
          <small>{[store.timezone.replaceAll("_", " "), region ? t("region2", { name: region.name }) : ""].filter(Boolean).join(" · ")}</small>
        </span>
        {may("cameras:read") && stores.some(({ id }) => id === store.id) && (
          <Link to="/plan" className="icon-button" onClick={() => choose(store.id)} aria-label={t("plan", { name: store.name })} title={t("plan2")} data-testid="store-plan">
            <Map size={16} aria-hidden="true" />
          </Link>
        )}
        {writes && !editing && (
          <button type="button" className="icon-button" onClick={() => setEditing(true)} aria-label={t("change", { name: store.name })} title={t("change2")}>
            <Pencil size={16} />
          </button>
        )}
      </div>
      {editing && (
        <div className="row-body row-body-one">
          <StoreForm store={store} regions={regions} movable={movable} done={done} cancel={() => setEditing(false)} />
        </div>
      )}
    </li>
  );
}
