import { Plus } from "lucide-react";
import { useState } from "react";
import { chain as loadChain, regions as loadRegions, renameChain, roles as loadRoles } from "../api/administration";
import { stores as loadStores } from "../api/endpoints";
import { CHAIN, heldAt } from "../administration/reach";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { NameForm } from "./NameForm";
import { Regions } from "./Regions";
import { StoreForm } from "./StoreForm";
import { StoreRow } from "./StoreRow";
import { t } from "./texts";

/** The stores of the chain, and the regions they are in. */
export function StoresPage() {
  useTitle(t("stores2"));
  const { me, may, refresh } = usePlace();
  const { value, error, reload } = useLoad("stores-page", async () => {
    const [chain, stores, regions, roles] = await Promise.all([loadChain(), loadStores(), loadRegions(), loadRoles()]);
    return { chain, stores, regions, roles };
  });
  const [adding, setAdding] = useState(false);
  if (value === null) return <div className="page">{error ? <Failure sentence={error} retry={reload} /> : <p className="page-note">{t("loading")}</p>}</div>;
  const { chain, stores, regions, roles } = value;
  const everywhere = heldAt(me.memberships, roles, CHAIN, stores);
  const writesChain = everywhere.has("chain:write");
  const changed = () => {
    reload();
    refresh();
  };
  const added = () => {
    setAdding(false);
    changed();
  };
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>{t("stores2")}</h1>
          {chain && <p className="page-note">{chain.name}</p>}
        </div>
        {everywhere.has("stores:write") && !adding && (
          <button type="button" className="button button-primary" onClick={() => setAdding(true)} data-testid="store-add">
            <Plus size={16} aria-hidden="true" />
            {t("addAStore")}
          </button>
        )}
      </header>
      {error && <Failure sentence={error} retry={reload} />}
      {adding && <StoreForm regions={regions} done={added} cancel={() => setAdding(false)} movable />}
      <ul className="rows" data-testid="stores">
        {stores.map((store) => (
          <StoreRow
            key={store.id}
            store={store}
            regions={regions}
            writes={may("stores:write") && heldAt(me.memberships, roles, { store_id: store.id, region_id: null }, stores).has("stores:write")}
            movable={everywhere.has("stores:write")}
            changed={changed}
          />
        ))}
      </ul>
      <Regions regions={regions} writes={writesChain} changed={reload} />
      {writesChain && chain && (
        <section className="panel" aria-label={t("chain")}>
          <h2>{t("nameOfTheChain")}</h2>
          <NameForm key={chain.name} label={t("name")} initial={chain.name} act={t("rename")} testId="chain-name" save={(name) => renameChain(chain.id, name).then(reload)} />
        </section>
      )}
    </div>
  );
}
