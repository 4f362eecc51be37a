import { useState } from "react";
import { sentenceFor } from "../api/problem";
import { Confirm } from "../shell/Confirm";
import { usePlace } from "../shell/stores";
import { moveStore, type Pack, type Place, type Standing } from "./endpoints";
import { SWITCHES } from "./words";

const VERDICTS: Record<Place["verdict"], string> = { deny: "Not permitted here", counsel: "Needs counsel's sign-off", allow: "May be proposed" };

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
          <span>State or country</span>
          <select value={place.name ? place.code : ""} disabled={!write || !pack || busy} onChange={({ target }) => (anyOn ? setWanted(target.value) : void move(target.value))} data-testid="policy-place">
            <option value="" disabled>
              Choose…
            </option>
            {(pack?.places ?? []).map(({ code, name }) => (
              <option key={code} value={code}>
                {name} ({code})
              </option>
            ))}
          </select>
        </label>
        <span className="verdict" data-verdict={place.name ? place.verdict : "none"} data-testid="policy-verdict">
          {place.name ? VERDICTS[place.verdict] : "Choose where the store stands"}
        </span>
      </div>
      {place.verdict !== "deny" && <p className="quiet">{place.why}</p>}
      {place.exceptions.length > 0 && <p className="notice">{place.exceptions.map(nameOf).join(", ")} has a rule of its own: choose it if the store stands there.</p>}
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
        Jurisdiction pack {policy.pack}. {pack?.note}
      </small>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      {wanted && (
        <Confirm title={`Move the store to ${nameOf(wanted)}?`} act="Move and switch off" busy={busy} onAct={() => void move(wanted)} onCancel={() => setWanted(null)}>
          <p>What is on was signed for {place.name}. It is switched off and has to be proposed again.</p>
        </Confirm>
      )}
    </>
  );
}
