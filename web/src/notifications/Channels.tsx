import { useAct, Problem } from "../security/parts";
import { Empty } from "../shell/Empty";
import { usePlace } from "../shell/stores";
import { THREAT_WORDS } from "../text/format";
import { pauseChannel, removeChannel, replayChannel, rotateSecret, testChannel, type Channel, type ChannelSecret } from "./endpoints";
import { KIND_WORDS, quietWords } from "./words";

interface Props {
  channels: Channel[];
  changed: () => void;
  told: (sentence: string) => void;
  show: (made: ChannelSecret) => void;
}

export function Channels({ channels, changed, told, show }: Props) {
  const { may } = usePlace();
  if (channels.length === 0)
    return (
      <Empty title="Nobody is told outside this dashboard">
        <p>Add the duty telephone, a mailbox, a Slack or Teams channel, or the webhook of another system.</p>
      </Empty>
    );
  return (
    <ul className="rows" data-testid="channels">
      {channels.map((channel) => (
        <ChannelRow key={channel.id} channel={channel} writes={may("notifications:write")} changed={changed} told={told} show={show} />
      ))}
    </ul>
  );
}

function ChannelRow({ channel, writes, changed, told, show }: Omit<Props, "channels"> & { channel: Channel; writes: boolean }) {
  const { stores } = usePlace();
  const { busy, error, run } = useAct();
  const place = channel.store_id === null ? "every store" : (stores.find(({ id }) => id === channel.store_id)?.name ?? "another store");
  const limit = channel.most_per_hour ? `, at most ${channel.most_per_hour} an hour` : "";
  const test = () => testChannel(channel.id).then(() => told(`A test is on its way to ${channel.name}; the delivery log tells what becomes of it.`));
  const replay = () => replayChannel(channel.id).then(({ replayed }) => told(replayed ? `${replayed} given-up notifications are sent again.` : "Nothing of it was given up."));
  const remove = () => {
    if (window.confirm(`Remove ${channel.name}? Nothing is sent there any more, and its deliveries stay in the log.`)) void run(() => removeChannel(channel.id).then(changed));
  };
  return (
    <li className="channel-row" data-testid="channel" data-paused={channel.paused}>
      <div>
        <strong>{channel.name}</strong> <span className="tag">{KIND_WORDS[channel.kind]}</span> {channel.paused && <span className="tag tag-waiting">paused</span>}
        <small>
          {channel.hint} · {place} · {THREAT_WORDS[channel.lowest_threat].toLowerCase()} threat and above · {quietWords(channel.quiet)}
          {limit}
        </small>
        <Problem sentence={error} />
      </div>
      {writes && (
        <div className="row-tools">
          <button type="button" className="button button-small" disabled={busy} data-testid="channel-test" onClick={() => void run(test)}>
            Test
          </button>
          {channel.kind === "webhook" && (
            <button type="button" className="button button-small" disabled={busy} onClick={() => void run(async () => show(await rotateSecret(channel.id)))}>
              New secret
            </button>
          )}
          <button type="button" className="button button-small" disabled={busy} onClick={() => void run(replay)}>
            Replay
          </button>
          <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => pauseChannel(channel.id, !channel.paused).then(changed))}>
            {channel.paused ? "Resume" : "Pause"}
          </button>
          <button type="button" className="button button-small button-danger" disabled={busy} onClick={remove}>
            Remove
          </button>
        </div>
      )}
    </li>
  );
}
