import { useState } from "react";
import { sentenceFor } from "../api/problem";
import { Confirm } from "../shell/Confirm";
import { usePlace } from "../shell/stores";
import { moveStore, type Pack, type Place, type Standing } from "./endpoints";
import { SWITCHES } from "./words";
import { t } from "./texts";

const VERDICTS: Record<Place["verdict"], string> = { get deny() { return t("notPermittedHere"); }, get counsel() { return t("needsCounselSSignOff"); }, get allow() { return t("mayBeProposed"); } };

/** Where the store stands, what the jurisdiction pack says of it and on which sources. */
export function PlaceChoice({ policy, pack, write, onChanged }: { policy: Standing; pack: Pack | null; write: boolean; onChanged: () => void }) {
  const { store } = usePlace();
  const [wanted, setWanted] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const place = policy.place;
  const anyOn = SWITCHES.some((each) => policy.current.switches[each]);
  const nameOf = (code: string) => pack?.places.find((each) => each.code === code)?.name ?? code;
  const move = async (code: string) => {
    setBusy(true);
    setError(null);
    try {
      await moveStore(store.id, code);
      onChanged();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
    setWanted(null);
    setBusy(false);
  };
  return (
    <>
      <div className="place-line">
        <label className="field">
          <span>{t("stateOrCountry")}</span>
          <select value={place.name ? place.code : ""} disabled={!write || !pack || busy} onChange={({ target }) => (anyOn ? setWanted(target.value) : void move(target.value))} data-testid="policy-place">
            <option value="" disabled>
              {t("choose")}
            </option>
            {(pack?.places ?? []).map(({ code, name }) => (
              <option key={code} value={code}>
                {name} ({code})
              </option>
            ))}
          </select>
        </label>
        <span className="verdict" data-verdict={place.name ? place.verdict : "none"} data-testid="policy-verdict">
          {place.name ? VERDICTS[place.verdict] : t("chooseWhereTheStoreStands")}
        </span>
      </div>
      {place.verdict !== "deny" && <p className="quiet">{place.why}</p>}
      {place.exceptions.length > 0 && <p className="notice">{t("hasARuleOfItsOwn", { value: place.exceptions.map(nameOf).join(", ") })}</p>}
      {place.sources.length > 0 && (
        <ul className="sources">
          {place.sources.map((source) => (
            <li key={source.title}>
              {source.title} <small>{source.of}</small>
            </li>
          ))}
        </ul>
      )}
      <small>
        {t("jurisdictionPack", { pack: policy.pack })}{" "}{pack?.note}
      </small>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {wanted && (
        <Confirm title={t("moveTheStoreTo", { wanted: nameOf(wanted) })} act={t("moveAndSwitchOff")} busy={busy} onAct={() => void move(wanted)} onCancel={() => setWanted(null)}>
          <p>{t("whatIsOnWasSignedFor", { name: place.name })}</p>
        </Confirm>
      )}
    </>
  );
}
