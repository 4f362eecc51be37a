import { useLoad, useNow } from "../shell/hooks";
import { Failure } from "../shell/Empty";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { custody, exportsOf, type Piece } from "./endpoints";
import { custodyWords, EXPORT_WORDS } from "./custodyWords";
import { t } from "./texts";

/** Who had a piece in hand, and what became of its exports. */
export function History({ piece }: { piece: Piece }) {
  const { me } = usePlace();
  const now = useNow(60_000);
  const { value, error, reload } = useLoad(`history-${piece.id}-${piece.held}`, async () => {
    const [chain, exports] = await Promise.all([custody(piece.id), exportsOf(piece.id)]);
    return { chain, exports };
  });
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  const by = (kind: string, id: string | null) => (id === me.id ? t("you") : ({ user: t("somebodyElse"), "api-key": t("anApiKey"), system: "PennyProtect" }[kind] ?? kind));
  return (
    <div className="stack" data-testid="evidence-history">
      <p className={value.chain.whole ? "quiet" : "form-error"} role={value.chain.whole ? undefined : "alert"}>
        {value.chain.whole ? t("chainOfCustodyWholeEveryLink") : t("theChainOfCustodyDoesNot")}
      </p>
      <ol className="history">
        {value.chain.items.map((link) => (
          <li key={link.sequence}>
            <time dateTime={link.at}>{clock(link.at, now)}</time> {custodyWords(link.act)} <small>{t("by", { actorKind: by(link.actor_kind, link.actor_id) })}</small>
          </li>
        ))}
      </ol>
      {value.exports.length > 0 && (
        <ul className="history" data-testid="evidence-exports">
          {value.exports.map((each) => {
            const [words, tone] = EXPORT_WORDS[each.state];
            return (
              <li key={each.id}>
                <span className="tag" data-state={tone}>
                  {words}
                </span>{" "}{t("exportFor", { recipient: each.recipient, purpose: each.purpose })}
                <small>
                  {each.reason && `${each.reason} `}
                  {each.state === "ready" && t("itsLinkEndsFetched", { expiresAt: clock(each.expires_at, now), downloads: each.downloads, downloads2: each.downloads === 1 ? t("time") : t("times") })}
                </small>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
