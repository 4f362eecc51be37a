import { useState, type FormEvent } from "react";
import { Problem, useAct } from "../security/parts";
import { usePlace } from "../shell/stores";
import { language, LANGUAGES, type Language } from "../text/language";
import { ChoiceFields } from "./ChoiceFields";
import { addChannel, type ChannelKind, type ChannelSecret, type Choices } from "./endpoints";
import { ADDRESS_WORDS, KIND_WORDS } from "./words";
import { t } from "./texts";

/** A channel of this store, or of the whole chain where the person's role reaches that far. */
export function MakeChannel({ made, cancel }: { made: (made: ChannelSecret) => void; cancel: () => void }) {
  const { me, store } = usePlace();
  const chainWide = me.memberships.some(({ store_id, region_id }) => store_id === null && region_id === null);
  const [kind, setKind] = useState<ChannelKind>("webhook");
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [whole, setWhole] = useState(false);
  const [said, setSaid] = useState<Language>(language());
  const [choices, setChoices] = useState<Choices>({ occasions: ["alert-raised", "alert-escalated"], lowest_threat: "low", quiet: null, most_per_hour: null });
  const { busy, error, run } = useAct();
  const [label, example] = ADDRESS_WORDS[kind];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => made(await addChannel({ kind, name: name.trim(), address: address.trim(), store_id: whole ? null : store.id, language: said, ...choices })));
  };
  return (
    <form className="panel stack" onSubmit={submit} aria-label={t("addAChannel")}>
      <h2>{t("addAChannel")}</h2>
      <div className="channel-fields">
        <label className="field">
          <span>{t("kind")}</span>
          <select value={kind} data-testid="channel-kind" onChange={(event) => setKind(event.target.value as ChannelKind)}>
            {(Object.keys(KIND_WORDS) as ChannelKind[]).map((each) => (
              <option key={each} value={each}>
                {KIND_WORDS[each]}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{t("name")}</span>
          <input value={name} maxLength={100} required autoComplete="off" placeholder={t("dutyTelephone")} data-testid="channel-name" onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="field channel-address">
          <span>{label}</span>
          <input value={address} required autoComplete="off" spellCheck={false} placeholder={example} data-testid="channel-address" onChange={(event) => setAddress(event.target.value)} />
        </label>
        <label className="field">
          <span>{t("for")}</span>
          <select value={whole ? "chain" : "store"} onChange={(event) => setWhole(event.target.value === "chain")}>
            <option value="store">{store.name}</option>
            {chainWide && <option value="chain">{t("everyStore")}</option>}
          </select>
        </label>
        <label className="field">
          <span>{t("languageOfMessages")}</span>
          <select value={said} data-testid="channel-language" onChange={(event) => setSaid(event.target.value as Language)}>
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <ChoiceFields value={choices} change={setChoices} />
      </div>
      <Problem sentence={error} testId="channel-error" />
      <div className="form-actions">
        <button type="submit" className="button button-primary" disabled={busy || !name.trim() || !address.trim()} data-testid="channel-save">
          {busy ? t("adding") : t("addTheChannel")}
        </button>
        <button type="button" className="button button-quiet" onClick={cancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
