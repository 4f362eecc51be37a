import { createContext, useContext, type ReactNode } from "react";
import { preferences, stores as loadStores, whoAmI } from "../api/endpoints";
import type { Id, Me, Permission, Store } from "../api/types";
import { languageChoice } from "../text/language";
import { setZone } from "../text/zone";
import { Duties } from "../security/Duties";
import { Empty, Failure } from "./Empty";
import { useKept, useLoad } from "./hooks";
import { Splash } from "./Splash";
import { t } from "./texts";

interface Place {
  me: Me;
  stores: Store[];
  store: Store;
  choose: (id: Id) => void;
  /** Ask again who is here and which stores there are. */
  refresh: () => void;
  /** Whether to offer something. The server decides again. */
  may: (permission: Permission) => boolean;
}

const Context = createContext<Place | null>(null);

export function usePlace(): Place {
  const place = useContext(Context);
  if (place === null) throw new Error("usePlace outside StoreProvider");
  return place;
}

/** Who is here, and which store the pages are about. */
export function StoreProvider({ children }: { children: ReactNode }) {
  const loaded = useLoad("place", async () => {
    const [me, { language }] = await Promise.all([whoAmI(), preferences().catch(() => ({ language: null }))]);
    if (language && language !== languageChoice.get()) languageChoice.set(language); // chosen on another machine
    return { me, stores: me.duties.length > 0 ? [] : await loadStores() };
  });
  const [chosen, choose] = useKept<Id | null>("store", null);
  if (loaded.value === null) {
    return loaded.error ? (
      <div className="splash">
        <Failure sentence={loaded.error} retry={loaded.reload} />
      </div>
    ) : (
      <Splash />
    );
  }
  const { me, stores } = loaded.value;
  if (me.duties.length > 0) return <Duties me={me} done={loaded.reload} />;
  const store = stores.find(({ id }) => id === chosen) ?? stores[0];
  if (!store) {
    return (
      <Empty title={t("noStoreForYouYet")}>
        <p>{t("askAnAdministratorToMakeYou")}</p>
      </Empty>
    );
  }
  setZone(store.timezone); // before any page of the store is drawn
  return <Context value={{ me, stores, store, choose, refresh: loaded.reload, may: (permission) => me.permissions.includes(permission) }}>{children}</Context>;
}
