import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { lookAgain } from "../api/queries";
import type { Id } from "../api/types";
import { Answer } from "../parts/Query";
import { Problem, useAct } from "../security/parts";
import { useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { pieceOf, playBack, type Piece } from "./endpoints";
import { Player } from "./Player";
import { isUnderWay, standing } from "./timeline";
import { t } from "./texts";

const AGO = [
  [30, "30 s"],
  [60, "1 min"],
  [120, "2 min"],
  [300, "5 min"],
  [570, "9 min"],
] as const;
const LONGEST_S = 300;
const LOOK_AGAIN_MS = 1_000;

/** What a camera saw in its last ten minutes. Each look back is audited, and what it fetched goes after a day. */
export function LookBack({ cameraId }: { cameraId: Id }) {
  const { may } = usePlace();
  const [ago, setAgo] = useState(60);
  const [asked, setAsked] = useState<Id | null>(null);
  const { busy, error, run } = useAct();
  if (!may("evidence:play")) return null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const now = Date.now();
    const from = now - ago * 1000;
    void run(async () => setAsked((await playBack(cameraId, new Date(from), new Date(Math.min(now, from + LONGEST_S * 1000)))).id));
  };
  return (
    <section className="panel stack" aria-label={t("lookBack")} data-testid="look-back">
      <h2>{t("lookBack")}</h2>
      <form className="look-back" onSubmit={submit}>
        <label className="field">
          <span>{t("from")}</span>
          <select value={ago} data-testid="look-back-ago" onChange={(event) => setAgo(Number(event.target.value))}>
            {AGO.map(([seconds, span]) => (
              <option key={seconds} value={seconds}>
                {t("ago", { span })}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="button" disabled={busy} data-testid="look-back-ask">
          {t("show")}
        </button>
      </form>
      <p className="quiet">{t("atMostFiveMinutesWhoLooks")}</p>
      <Problem sentence={error} />
      {asked && <Fetched key={asked} id={asked} />}
    </section>
  );
}

function Fetched({ id }: { id: Id }) {
  const now = useNow();
  const fetched = useQuery({ queryKey: ["evidence", id], queryFn: () => pieceOf(id), refetchInterval: lookAgain<Piece>(LOOK_AGAIN_MS, isUnderWay) });
  return <Answer of={fetched}>{(piece) => (piece.state === "present" ? <Player piece={piece} /> : <p className="page-note">{standing(piece, now)}</p>)}</Answer>;
}
