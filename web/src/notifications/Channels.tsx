import { useAct, Problem } from "../security/parts";
import { Empty } from "../shell/Empty";
import { usePlace } from "../shell/stores";
import { THREAT_WORDS } from "../text/format";
import { LANGUAGES, type Language } from "../text/language";
import { languageOfChannel, pauseChannel, removeChannel, replayChannel, rotateSecret, testChannel, type Channel, type ChannelSecret } from "./endpoints";
import { KIND_WORDS, quietWords, toldWords } from "./words";
import { t } from "./texts";

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
      <Empty title={t("nobodyIsToldOutsideThisDashboard")}>
        <p>{t("addTheDutyTelephoneAMailbox")}</p>
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
  const place = channel.store_id === null ? t("everyStore") : (stores.find(({ id }) => id === channel.store_id)?.name ?? t("anotherStore"));
  const limit = channel.most_per_hour ? t("atMostAnHour", { mostPerHour: channel.most_per_hour }) : "";
  const test = () => testChannel(channel.id).then(() => told(t("aTestIsOnItsWay", { name: channel.name })));
  const replay = () => replayChannel(channel.id).then(({ replayed }) => told(replayed ? t("givenUpNotificationsAreSentAgain", { replayed }) : t("nothingOfItWasGivenUp")));
  const others = (Object.keys(LANGUAGES) as Language[]).filter((each) => each !== channel.language);
  const remove = () => {
    if (window.confirm(t("removeNothingIsSentThereAny", { name: channel.name }))) void run(() => removeChannel(channel.id).then(changed));
  };
  return (
    <li className="channel-row" data-testid="channel" data-paused={channel.paused}>
      <div>
        <strong>{channel.name}</strong> <span className="tag">{KIND_WORDS[channel.kind]}</span>{" "}
        <span className="tag" lang={channel.language} title={t("languageOfMessages")}>
          {LANGUAGES[channel.language]}
        </span>{" "}
        {channel.paused && <span className="tag tag-waiting">{t("paused")}</span>}
        <small>
          {t("threatAndAbove", { hint: channel.hint, place, toLowerCase: THREAT_WORDS[channel.lowest_threat].toLowerCase(), quiet: quietWords(channel.quiet), limit })}
          {` · ${toldWords(channel.occasions)}`}
        </small>
        <Problem sentence={error} />
      </div>
      {writes && (
        <div className="row-tools">
          <button type="button" className="button button-small" disabled={busy} data-testid="channel-test" onClick={() => void run(test)}>
            {t("test")}
          </button>
          {channel.kind === "webhook" && (
            <button type="button" className="button button-small" disabled={busy} onClick={() => void run(async () => show(await rotateSecret(channel.id)))}>
              {t("newSecret")}
            </button>
          )}
          <button type="button" className="button button-small" disabled={busy} onClick={() => void run(replay)}>
            {t("replay")}
          </button>
          <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => pauseChannel(channel.id, !channel.paused).then(changed))}>
            {channel.paused ? t("resume") : t("pause")}
          </button>
          {others.map((each) => (
            <button key={each} type="button" className="button button-small" disabled={busy} data-testid="channel-say" onClick={() => void run(() => languageOfChannel(channel.id, each).then(changed))}>
              {t("writeIn", { language: LANGUAGES[each] })}
            </button>
          ))}
          <button type="button" className="button button-small button-danger" disabled={busy} onClick={remove}>
            {t("remove")}
          </button>
        </div>
      )}
    </li>
  );
}
