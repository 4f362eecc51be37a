import { Plus } from "lucide-react";
import { useState } from "react";
import { apiKeys, regions as loadRegions, roles as loadRoles } from "../api/administration";
import type { ApiKeySecret } from "../api/types";
import { placesFor } from "../administration/reach";
import type { Directory } from "../administration/RoleFields";
import { Secret } from "../administration/Secret";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { KeyRow } from "./KeyRow";
import { MakeKey } from "./MakeKey";
import { keyState } from "./words";
import { t } from "./texts";

/** Keys for other programs: what they may do, where, until when. */
export function ApiKeysPage() {
  useTitle(t("apiKeys"));
  const { me, store, stores, may } = usePlace();
  const now = useNow(10_000);
  const { value, error, reload } = useLoad("api-keys", async () => {
    const [keys, regions, roles] = await Promise.all([apiKeys(), loadRegions(), loadRoles()]);
    return { keys, regions, roles };
  });
  const [making, setMaking] = useState(false);
  const [all, setAll] = useState(false);
  const [shown, setShown] = useState<ApiKeySecret | null>(null);
  if (value === null) return <div className="page">{error ? <Failure sentence={error} retry={reload} /> : <p className="page-note">{t("loading")}</p>}</div>;
  const directory: Directory = { me, store, stores, roles: value.roles, regions: value.regions };
  const places = placesFor("api-keys:write", me.memberships, value.roles, stores, value.regions);
  const writes = may("api-keys:write") && places.length > 0;
  const gone = value.keys.filter((key) => ["revoked", "ended"].includes(keyState(key, now)));
  const listed = all ? value.keys : value.keys.filter((key) => !gone.includes(key));
  const tell = (made: ApiKeySecret) => {
    setMaking(false);
    setShown(made);
    reload();
  };
  return (
    <div className="page page-administration">
      <header className="page-head">
        <div>
          <h1>{t("apiKeys")}</h1>
          <p className="page-note">{t("forOtherProgramsThatAskPennyprotect")}</p>
        </div>
        {writes && !making && (
          <button type="button" className="button button-primary" onClick={() => setMaking(true)} data-testid="key-new">
            <Plus size={16} aria-hidden="true" />
            {t("makeAKey")}
          </button>
        )}
      </header>
      {error && <Failure sentence={error} retry={reload} />}
      {shown && (
        <Secret title={t("secretOf", { name: shown.key.name })} secret={shown.secret} done={() => setShown(null)} testId="key-secret">
          <p>{t("putItWhereTheProgramKeeps")}</p>
        </Secret>
      )}
      {making && <MakeKey directory={directory} places={places} made={tell} cancel={() => setMaking(false)} />}
      {listed.length === 0 && !making && <Empty title={gone.length > 0 ? t("noKeyIsInUse") : t("noKeysYet")}>{writes && <p>{t("makeOneForEachProgramSo")}</p>}</Empty>}
      {listed.length > 0 && (
        <ul className="rows" data-testid="keys">
          {listed.map((key) => (
            <KeyRow key={key.id} apiKey={key} directory={directory} writes={writes} now={now} changed={reload} show={tell} />
          ))}
        </ul>
      )}
      {gone.length > 0 && (
        <div className="form-actions">
          <button type="button" className="button button-quiet" onClick={() => setAll(!all)}>
            {all ? t("hide") : t("show")}{" "}{t("revokedOrEnded", { gone: gone.length })}
          </button>
        </div>
      )}
    </div>
  );
}
