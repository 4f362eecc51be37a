import { useState, type FormEvent } from "react";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { THREAT_WORDS } from "../text/format";
import { language } from "../text/language";
import { ChoiceFields } from "./ChoiceFields";
import { Deliveries } from "./DeliveryLog";
import { addOwn, changeOwn, confirmOwn, ownChannels, ownLog, removeOwn, sendCode, testOwn, type Channel, type Choices } from "./endpoints";
import { KIND_WORDS, quietWords } from "./words";
import { t } from "./texts";

const FIRST: Choices = { occasions: ["alert-raised", "alert-escalated"], lowest_threat: "high", quiet: null, most_per_hour: 20 };

/** How the signed-in person is told of alerts of the stores he may see. */
export function OwnChannels() {
  const { value, error, reload } = useLoad("own-channels", async () => {
    const [channels, log] = await Promise.all([ownChannels(), ownLog()]);
    return { channels, log };
  });
  const now = useNow(10_000);
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  return (
    <div className="stack">
      <p className="quiet">{t("youAreToldOfAlertsOf")}</p>
      {value.channels.length > 0 && (
        <ul className="rows">
          {value.channels.map((channel) => (
            <Own key={channel.id} channel={channel} changed={reload} />
          ))}
        </ul>
      )}
      <AddOwn changed={reload} />
      {value.log.length > 0 && <Deliveries items={value.log} now={now} />}
    </div>
  );
}

function Own({ channel, changed }: { channel: Channel; changed: () => void }) {
  const { busy, error, run } = useAct();
  return (
    <li className="channel-row" data-testid="own-channel">
      <div>
        <strong>{channel.hint}</strong> <span className="tag">{KIND_WORDS[channel.kind]}</span> {channel.paused && <span className="tag tag-waiting">{t("paused")}</span>}
        {!channel.proven && <span className="tag tag-waiting">{t("notConfirmed")}</span>}
        <small>
          {t("threatAndAbove2", { toLowerCase: THREAT_WORDS[channel.lowest_threat].toLowerCase(), quiet: quietWords(channel.quiet) })}
        </small>
        <Problem sentence={error} />
        {!channel.proven && <Confirm channel={channel} changed={changed} />}
      </div>
      <div className="row-tools">
        {channel.proven && (
          <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => testOwn(channel.id).then(changed))}>
            {t("test")}
          </button>
        )}
        <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => changeOwn(channel.id, { paused: !channel.paused }).then(changed))}>
          {channel.paused ? t("resume") : t("pause")}
        </button>
        <button type="button" className="button button-small button-danger" disabled={busy} onClick={() => void run(() => removeOwn(channel.id).then(changed))}>
          {t("remove")}
        </button>
      </div>
    </li>
  );
}

/** Until the code that was sent there is given, nothing else is sent there. */
function Confirm({ channel, changed }: { channel: Channel; changed: () => void }) {
  const [code, setCode] = useState("");
  const [again, setAgain] = useState(false);
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(() => confirmOwn(channel.id, code.trim()).then(changed));
  };
  return (
    <form className="confirm-code" onSubmit={submit} aria-label={t("confirm", { hint: channel.hint })}>
      <label className="field">
        <span>{again ? t("anotherCodeIsOnItsWay") : t("theCodeWeSentThereGood")}</span>
        <input value={code} required inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6}" maxLength={6} placeholder="123456" data-testid="own-code" onChange={(event) => setCode(event.target.value)} />
      </label>
      <button type="submit" className="button button-small button-primary" disabled={busy || code.trim().length !== 6} data-testid="own-confirm">
        {t("confirm2")}
      </button>
      <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => sendCode(channel.id).then(() => setAgain(true)))}>
        {t("sendAnother")}
      </button>
      <Problem sentence={error} />
    </form>
  );
}

function AddOwn({ changed }: { changed: () => void }) {
  const [kind, setKind] = useState<"sms" | "email">("sms");
  const [address, setAddress] = useState("");
  const [choices, setChoices] = useState(FIRST);
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await addOwn({ kind, address: address.trim(), language: language(), ...choices });
      setAddress("");
      changed();
    });
  };
  return (
    <form className="channel-fields" onSubmit={submit} aria-label={t("tellMe")}>
      <label className="field">
        <span>{t("tellMeBy")}</span>
        <select value={kind} data-testid="own-kind" onChange={(event) => setKind(event.target.value as "sms" | "email")}>
          <option value="sms">SMS</option>
          <option value="email">{t("eMail")}</option>
        </select>
      </label>
      <label className="field">
        <span>{kind === "sms" ? t("number") : t("address")}</span>
        <input value={address} required autoComplete={kind === "sms" ? "tel" : "email"} data-testid="own-address" onChange={(event) => setAddress(event.target.value)} />
      </label>
      <ChoiceFields value={choices} change={setChoices} />
      <button type="submit" className="button button-primary" disabled={busy || !address.trim()} data-testid="own-add">
        {t("add")}
      </button>
      <Problem sentence={error} />
    </form>
  );
}
