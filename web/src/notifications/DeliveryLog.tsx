import { useState } from "react";
import { Link } from "react-router";
import { Problem, useAct } from "../security/parts";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { deliveries, replayDelivery, type Delivery, type DeliveryState } from "./endpoints";
import { KIND_WORDS, occasion, remark, STATE_WORDS, tone } from "./words";
import { t } from "./texts";

type Told = [title: string, states: readonly DeliveryState[]];
const VIEWS: Record<string, Told> = {
  get all(): Told { return [t("everything"), []]; },
  get letters(): Told { return [t("givenUpOrUncertain"), ["dead", "uncertain"]]; },
  get waiting(): Told { return [t("underWay"), ["queued", "sending", "checking"]]; },
};

/** Each delivery with its state, newest first; what was given up can be sent again. */
export function DeliveryLog() {
  const [view, setView] = useState("all");
  const [cursors, setCursors] = useState<string[]>([]);
  const cursor = cursors.at(-1) ?? null;
  const states = VIEWS[view]?.[1] ?? [];
  const { value, error, reload } = useLoad(`deliveries-${view}-${cursor}`, () => deliveries(states, cursor));
  const now = useNow(10_000);
  return (
    <div className="stack">
      <div className="log-head">
        <label className="field">
          <span>{t("show")}</span>
          <select value={view} data-testid="log-view" onChange={(event) => (setCursors([]), setView(event.target.value))}>
            {Object.entries(VIEWS).map(([key, [title]]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <button type="button" className="button" onClick={reload}>
          {t("lookAgain")}
        </button>
      </div>
      {error && <Failure sentence={error} retry={reload} />}
      {value?.items.length === 0 && <Empty title={view === "all" ? t("nothingWasSentYet") : t("nothingOfThatKind")} />}
      {value && value.items.length > 0 && <Deliveries items={value.items} now={now} reload={reload} />}
      <div className="form-actions">
        {cursors.length > 0 && (
          <button type="button" className="button button-quiet" onClick={() => setCursors(cursors.slice(0, -1))}>
            {t("newer")}
          </button>
        )}
        {value?.next && (
          <button type="button" className="button button-quiet" onClick={() => setCursors([...cursors, value.next ?? ""])}>
            {t("older")}
          </button>
        )}
      </div>
    </div>
  );
}

export function Deliveries({ items, now, reload }: { items: Delivery[]; now: number; reload?: () => void }) {
  const { may } = usePlace();
  const { busy, error, run } = useAct();
  return (
    <div className="deliveries">
      <Problem sentence={error} />
      <table className="data-table" data-testid="deliveries">
        <thead>
          <tr>
            <th>{t("when")}</th>
            <th>{t("what")}</th>
            <th>{t("to")}</th>
            <th>{t("state")}</th>
            <th aria-label={t("acts")} />
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.id} data-testid="delivery" data-state={each.state}>
              <td>{clock(each.created_at, now)}</td>
              <td>{about(each)}</td>
              <td>
                {each.channel_name} <small>{KIND_WORDS[each.kind]}</small>
              </td>
              <td>
                <span className="tag" data-state={tone(each.state)}>
                  {STATE_WORDS[each.state]}
                </span>{" "}
                <small>{remark(each)}</small>
              </td>
              <td>
                {reload && may("notifications:write") && (each.state === "dead" || each.state === "uncertain") && (
                  <button type="button" className="button button-small" disabled={busy} onClick={() => void run(() => replayDelivery(each.id).then(reload))}>
                    {t("sendAgain")}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function about(delivery: Delivery) {
  const words = occasion(delivery);
  if (!delivery.subject_id || delivery.merged > 1) return words;
  if (delivery.occasion === "lead-raised" || delivery.occasion === "match-confirmed") return <Link to="/leads">{words}</Link>;
  return <Link to={delivery.occasion === "incident-changed" ? `/incidents/${delivery.subject_id}` : `/alerts/${delivery.subject_id}`}>{words}</Link>;
}
