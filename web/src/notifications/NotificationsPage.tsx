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

/** Who is told outside the dashboard, and what became of each message. */
export function NotificationsPage() {
  useTitle("Notifications");
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
          <h1>Notifications</h1>
          <p className="page-note">Messages say what happened, where and when, with a link. They never carry a name, a face or a picture.</p>
        </div>
        {may("notifications:write") && !making && (
          <button type="button" className="button button-primary" data-testid="channel-new" onClick={() => (setTab("channels"), setMaking(true))}>
            <Plus size={16} aria-hidden="true" />
            Add a channel
          </button>
        )}
      </header>
      {shown && (
        <Secret title={`Secret of ${shown.channel.name}`} secret={shown.secret} done={() => setShown(null)} testId="channel-secret">
          <p>The receiver checks each message with it, as standardwebhooks.com describes. It is not shown again.</p>
        </Secret>
      )}
      {told && (
        <p className="page-note" role="status" data-testid="told">
          {told}
        </p>
      )}
      {making && <MakeChannel made={made} cancel={() => setMaking(false)} />}
      <Tabs
        label="Notifications"
        value={tab}
        choose={setTab}
        tabs={[
          { key: "channels", title: "Channels", content: list },
          { key: "log", title: "Delivery log", content: <DeliveryLog /> },
        ]}
      />
    </div>
  );
}
