import { useQuery } from "@tanstack/react-query";
import { sentenceFor } from "../api/problem";
import { lookAgain } from "../api/queries";
import { useNow } from "../shell/hooks";
import { Failure } from "../shell/Empty";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { custody, exportsOf, type CustodyList, type ExportMade, type Piece } from "./endpoints";
import { custodyWords, EXPORT_WORDS, isBeingMade } from "./custodyWords";
import { t } from "./texts";

const LOOK_AGAIN_MS = 2_000;

interface Known {
  chain: CustodyList;
  exports: ExportMade[];
}

/** Who had a piece in hand, and what became of its exports. */
export function History({ piece }: { piece: Piece }) {
  const { me } = usePlace();
  const now = useNow(60_000);
  const { data: value, error, refetch } = useQuery({
    queryKey: ["evidence-history", piece.id, piece.held],
    queryFn: async (): Promise<Known> => {
      const [chain, exports] = await Promise.all([custody(piece.id), exportsOf(piece.id)]);
      return { chain, exports };
    },
    refetchInterval: lookAgain<Known>(LOOK_AGAIN_MS, ({ exports }) => exports.some(({ state }) => isBeingMade(state))),
  });
  if (value === undefined) return error ? <Failure sentence={sentenceFor(error)} retry={() => void refetch()} /> : null;
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
