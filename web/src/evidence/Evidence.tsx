import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { sentenceFor } from "../api/problem";
import { lookAgain } from "../api/queries";
import type { Id } from "../api/types";
import { Failure } from "../shell/Empty";
import { useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { pieceName } from "./custodyWords";
import { evidenceOfAlert, evidenceOfIncident, hold, type Piece } from "./endpoints";
import { Export } from "./Export";
import { History } from "./History";
import { Player } from "./Player";
import { Still } from "./Still";
import { isUnderWay, standing } from "./timeline";
import { t } from "./texts";

const LOOK_AGAIN_MS = 2_000;

/** The evidence of an alert or of an incident: what is there, what is on its way, what is lost and why. `shown`: its still opens by itself. */
export function Evidence({ alertId, incidentId, shown = false }: { alertId?: Id; incidentId?: Id; shown?: boolean }) {
  const { may } = usePlace();
  const reads = may("evidence:read");
  const { data, error, refetch } = useQuery({
    queryKey: ["evidence", { alertId, incidentId }],
    queryFn: async () => (incidentId ? evidenceOfIncident(incidentId) : alertId ? evidenceOfAlert(alertId) : []),
    enabled: reads,
    refetchInterval: lookAgain<Piece[]>(LOOK_AGAIN_MS, (pieces) => pieces.some(isUnderWay)),
  });
  const reload = () => void refetch();
  if (!reads) return null;
  return (
    <section className="evidence" aria-label={t("evidence")} data-testid="evidence">
      <h3>{t("evidence")}</h3>
      {error && <Failure sentence={sentenceFor(error)} retry={reload} />}
      {data?.length === 0 && <p className="page-note">{t("nothingWasRecorded")}</p>}
      <ul>
        {stillsFirst(data ?? []).map((piece) => (
          <PieceRow key={piece.id} piece={piece} changed={reload} shown={shown && isStill(piece)} />
        ))}
      </ul>
    </section>
  );
}

const isStill = ({ media_type }: Piece) => media_type === "image/jpeg";
const stillsFirst = (pieces: readonly Piece[]) => [...pieces].sort((a, b) => Number(isStill(b)) - Number(isStill(a)));
/** Whoever only steps past an alert looks at nothing: each look leaves a link of custody. */
const DWELL_MS = 800;

function PieceRow({ piece, changed, shown }: { piece: Piece; changed: () => void; shown: boolean }) {
  const { may } = usePlace();
  const plays = piece.state === "present" && may("evidence:play");
  const now = useNow();
  const [open, setOpen] = useState(false);
  const [exporting, setExporting] = useState(false);
  const [history, setHistory] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const stored = piece.state === "present";
  useEffect(() => {
    if (!shown || !plays) return;
    const timer = setTimeout(() => setOpen(true), DWELL_MS);
    return () => clearTimeout(timer);
  }, [shown, plays]);
  const setHold = () => {
    const reason = window.prompt(piece.held ? t("whyIsTheHoldLifted") : t("whyIsItHeld"));
    if (!reason) return;
    hold(piece.id, !piece.held, reason).then(changed, (error: unknown) => setFailed(sentenceFor(error)));
  };
  return (
    <li className="evidence-piece" data-state={piece.state} data-testid={`evidence-${piece.type}`}>
      <div className="evidence-head">
        <strong>{pieceName(piece.type)}</strong>
        <span>
          {stored ? clock(piece.recorded_from ?? piece.moment, now) : standing(piece, now)}
          {piece.masked && (" " + t("masked"))}
          {piece.held && (" " + t("held"))}
        </span>
        {plays && (
          <button type="button" className="button button-quiet" aria-expanded={open} onClick={() => setOpen(!open)} data-testid={`evidence-open-${piece.type}`}>
            {open ? t("close") : t("show")}
          </button>
        )}
        <button type="button" className="button button-quiet" aria-expanded={history} onClick={() => setHistory(!history)} data-testid={`evidence-history-${piece.type}`}>
          {t("custody")}
        </button>
        {stored && may("evidence:hold") && (
          <button type="button" className="button button-quiet" onClick={setHold}>
            {piece.held ? t("liftHold") : t("hold")}
          </button>
        )}
        {stored && may("evidence:export") && (
          <button type="button" className="button button-quiet" onClick={() => setExporting(true)} data-testid={`evidence-export-${piece.type}`}>
            {t("export")}
          </button>
        )}
      </div>
      {exporting && <Export piece={piece} close={() => setExporting(false)} />}
      {history && <History piece={piece} />}
      {failed && <p className="form-error" role="alert">{failed}</p>}
      {open && (isStill(piece) ? <Still piece={piece} /> : <Player piece={piece} />)}
    </li>
  );
}
