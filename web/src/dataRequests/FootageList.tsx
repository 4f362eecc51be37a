import { useState } from "react";
import type { Id } from "../api/types";
import { pieceOf } from "../evidence/endpoints";
import { Player } from "../evidence/Player";
import { Still } from "../evidence/Still";
import { Problem, useAct } from "../security/parts";
import { Failure } from "../shell/Empty";
import { useLoad, useNow } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { pieceName } from "../evidence/custodyWords";
import { clock } from "../text/format";
import { decideFootage, type Footage, type RequestFile } from "./endpoints";
import { FOOTAGE_WORDS, HOLDER_WORDS } from "./words";
import { t } from "./texts";

/** Recordings and stills that may show whoever asks: a person looks at each and says whether they are in it. */
export function FootageList({ file, decides, changed }: { file: RequestFile; decides: boolean; changed: () => void }) {
  const { request: one, footage, more_footage } = file;
  if (footage.length === 0) return one.store_id === null ? null : <p className="quiet">{t("noFootageOfTheVisitIs")}</p>;
  const wish = one.kind === "erasure" ? t("whatShowsThemIsErasedWhat") : t("handOverWhatShowsThemBy");
  return (
    <section className="stack" data-testid="request-footage">
      <h3>{t("footage")}</h3>
      {decides && <p className="quiet">{t("lookAtEachPieceAndSay", { wish })}</p>}
      {more_footage && (
        <p className="form-error" role="alert">
          {t("thereIsMoreThanThePieces", { footage: footage.length })}
        </p>
      )}
      <ul className="rows">
        {footage.map((each) => (
          <Piece key={each.id} request={one.id} footage={each} decides={decides} changed={changed} />
        ))}
      </ul>
    </section>
  );
}

function Piece({ request, footage, decides, changed }: { request: Id; footage: Footage; decides: boolean; changed: () => void }) {
  const { may } = usePlace();
  const now = useNow(60_000);
  const { busy, error, run } = useAct();
  const [open, setOpen] = useState(false);
  const [words, tone] = FOOTAGE_WORDS[footage.state];
  const there = footage.state !== "erased" && footage.state !== "lost";
  const undecided = footage.state === "to-look-at" || footage.state === "theirs" || footage.state === "not-theirs";
  const say = (theirs: boolean) => void run(() => decideFootage(request, footage.id, theirs).then(changed));
  return (
    <li className="channel-row" data-testid="request-piece" data-state={footage.state}>
      <div>
        <strong>{footage.camera}</strong>{" "}
        <span className="tag" data-state={tone}>
          {words}
        </span>
        <small>
          {t("in", { type: pieceName(footage.type), store: footage.store, recordedFrom: clock(footage.recorded_from ?? footage.moment, now) })}
          {footage.kept_for.length > 0 && there && (" " + t("heldBy", { value: footage.kept_for.map((each) => HOLDER_WORDS[each]).join(", ") }))}
        </small>
        <Problem sentence={error} />
      </div>
      <div className="row-tools">
        {there && may("evidence:play") && (
          <button type="button" className="button button-small" aria-expanded={open} data-testid="request-look" onClick={() => setOpen(!open)}>
            {open ? t("close") : t("look")}
          </button>
        )}
        {decides && undecided && footage.state !== "theirs" && (
          <button type="button" className="button button-small" disabled={busy} data-testid="request-in-it" onClick={() => say(true)}>
            {t("theyAreInIt")}
          </button>
        )}
        {decides && undecided && footage.state !== "not-theirs" && (
          <button type="button" className="button button-small" disabled={busy} data-testid="request-not-in-it" onClick={() => say(false)}>
            {t("notInIt")}
          </button>
        )}
      </div>
      {open && <Shown id={footage.id} />}
    </li>
  );
}

function Shown({ id }: { id: Id }) {
  const { value, error, reload } = useLoad(`piece-${id}`, () => pieceOf(id));
  if (value === null) return error ? <Failure sentence={error} retry={reload} /> : null;
  return <div className="request-shown">{value.media_type === "image/jpeg" ? <Still piece={value} /> : <Player piece={value} />}</div>;
}
