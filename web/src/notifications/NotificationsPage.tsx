import { Plus } from "lucide-react";
import { useState } from "react";
import { Secret } from "../administration/Secret";
import { Tabs } from "../parts/Tabs";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { Channels } from "./Channels";
import { DeliveryLog } from "./DeliveryLog";
import { channels as loadChannels, type ChannelSecret } from "./endpoints";
import { MakeChannel } from "./MakeChannel";
import { t } from "./texts";

/** Who is told outside the dashboard, and what became of each message. */
export function NotificationsPage() {
  useTitle(t("notifications"));
  const { may } = usePlace();
  const { value, error, reload } = useLoad("channels", loadChannels);
  const [tab, setTab] = useState("channels");
  const [making, setMaking] = useState(false);
  const [shown, setShown] = useState<ChannelSecret | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const made = (answer: ChannelSecret) => {
    setMaking(false);
    setShown(answer.channel.kind === "webhook" ? answer : null);
    reload();
  };
  const list = (
    <div className="stack">
      {error && <Failure sentence={error} retry={reload} />}
      {value && <Channels channels={value} changed={reload} told={setTold} show={setShown} />}
    </div>
  );
  return (
    <div className="page page-administration page-notifications">
      <header className="page-head">
        <div>
          <h1>{t("notifications")}</h1>
          <p className="page-note">{t("messagesSayWhatHappenedWhereAnd")}</p>
        </div>
        {may("notifications:write") && !making && (
          <button type="button" className="button button-primary" data-testid="channel-new" onClick={() => (setTab("channels"), setMaking(true))}>
            <Plus size={16} aria-hidden="true" />
            {t("addAChannel")}
          </button>
        )}
      </header>
      {shown && (
        <Secret title={t("secretOf", { name: shown.channel.name })} secret={shown.secret} done={() => setShown(null)} testId="channel-secret">
          <p>{t("theReceiverChecksEachMessageWith")}</p>
        </Secret>
      )}
      {told && (
        <p className="page-note" role="status" data-testid="told">
          {told}
        </p>
      )}
      {making && <MakeChannel made={made} cancel={() => setMaking(false)} />}
      <Tabs
        label={t("notifications")}
        value={tab}
        choose={setTab}
        tabs={[
          { key: "channels", title: t("channels"), content: list },
          { key: "log", title: t("deliveryLog"), content: <DeliveryLog /> },
        ]}
      />
    </div>
  );
}
