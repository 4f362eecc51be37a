import { useState, type FormEvent } from "react";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { THREAT_WORDS } from "../text/format";
import { ChoiceFields } from "./ChoiceFields";
import { Deliveries } from "./DeliveryLog";
import { addOwn, changeOwn, confirmOwn, ownChannels, ownLog, removeOwn, sendCode, testOwn, type Channel, type Choices } from "./endpoints";
import { KIND_WORDS, quietWords } from "./words";

const FIRST: Choices = { lowest_threat: "high", quiet: null, most_per_hour: 20 };

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
      <p className="quiet">You are told of alerts of the stores you may see, and of those that are escalated to you.</p>
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
        <strong>{channel.hint}</strong> <span className="tag">{KIND_WORDS[channel.kind]}</span> {channel.paused && <span className="tag tag-waiting">paused</span>}
        {!channel.proven && <span className="tag tag-waiting">not confirmed</span>}
        <small>
          {THREAT_WORDS[channel.lowest_threat].toLowerCase()} threat and above · {quietWords(channel.quiet)}
        </small>
        <Problem sentence={error} />
        {!channel.proven && <Confirm channel={channel} changed={changed} />}
      </div>
      <div className="row-tools">
        {channel.proven && (
          <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => testOwn(channel.id).then(changed))}>
            Test
          </button>
        )}
        <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => changeOwn(channel.id, { paused: !channel.paused }).then(changed))}>
          {channel.paused ? "Resume" : "Pause"}
        </button>
        <button type="button" className="button button-small button-danger" disabled={busy} onClick={() => void run(() => removeOwn(channel.id).then(changed))}>
          Remove
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
    <form className="confirm-code" onSubmit={submit} aria-label={`Confirm ${channel.hint}`}>
      <label className="field">
        <span>{again ? "Another code is on its way; it is good for 15 minutes" : "The code we sent there, good for 15 minutes"}</span>
        <input value={code} required inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6}" maxLength={6} placeholder="123456" data-testid="own-code" onChange={(event) => setCode(event.target.value)} />
      </label>
      <button type="submit" className="button button-small button-primary" disabled={busy || code.trim().length !== 6} data-testid="own-confirm">
        Confirm
      </button>
      <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => sendCode(channel.id).then(() => setAgain(true)))}>
        Send another
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
      await addOwn({ kind, address: address.trim(), ...choices });
      setAddress("");
      changed();
    });
  };
  return (
    <form className="channel-fields" onSubmit={submit} aria-label="Tell me">
      <label className="field">
        <span>Tell me by</span>
        <select value={kind} data-testid="own-kind" onChange={(event) => setKind(event.target.value as "sms" | "email")}>
          <option value="sms">SMS</option>
          <option value="email">E-mail</option>
        </select>
      </label>
      <label className="field">
        <span>{kind === "sms" ? "Number" : "Address"}</span>
        <input value={address} required autoComplete={kind === "sms" ? "tel" : "email"} data-testid="own-address" onChange={(event) => setAddress(event.target.value)} />
      </label>
      <ChoiceFields value={choices} change={setChoices} />
      <button type="submit" className="button button-primary" disabled={busy || !address.trim()} data-testid="own-add">
        Add
      </button>
      <Problem sentence={error} />
    </form>
  );
}
