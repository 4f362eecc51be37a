import { useEffect, useRef, useState } from "react";
import { sentenceFor } from "../api/problem";
import type { Id } from "../api/types";
import { content, evidenceOfIncident, type Piece } from "../evidence/endpoints";
import { useLoad } from "../shell/hooks";
import { locale } from "../text/language";
import { t } from "./texts";

const QUALITY = 0.95;

/** A picture out of a recording or still of the incident: the reviewer stops at a good moment and takes it. It is cut to the face when it is enrolled. */
export function FromEvidence({ incident, take }: { incident: Id; take: (picture: File, piece: Piece) => void }) {
  const { value, error } = useLoad(`evidence-of/${incident}`, () => evidenceOfIncident(incident));
  const [chosen, setChosen] = useState<Piece | null>(null);
  const pieces = (value ?? []).filter(({ state }) => state === "present");
  if (error) return <p className="quiet">{error}</p>;
  if (value && pieces.length === 0) return <p className="quiet" data-testid="evidence-none">{t("thisIncidentHasNoRecording")}</p>;
  return (
    <div className="from-evidence">
      <label className="field">
        <span>{t("orTakeItFromTheEvidence")}</span>
        <select value={chosen?.id ?? ""} onChange={({ target }) => setChosen(pieces.find(({ id }) => id === target.value) ?? null)} data-testid="enrol-evidence-piece">
          <option value="">{t("chooseARecording")}</option>
          {pieces.map((piece) => (
            <option key={piece.id} value={piece.id}>
              {piece.media_type === "image/jpeg" ? t("still") : t("recording")}, {new Date(piece.recorded_from ?? piece.moment).toLocaleString(locale())}
            </option>
          ))}
        </select>
      </label>
      {chosen && <Moment key={chosen.id} piece={chosen} take={(picture) => take(picture, chosen)} />}
    </div>
  );
}

function Moment({ piece, take }: { piece: Piece; take: (picture: File) => void }) {
  const shown = useRef<HTMLVideoElement & HTMLImageElement>(null);
  const [address, setAddress] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let made: string | null = null;
    content(piece.id, stop.signal).then(
      (blob) => !stop.signal.aborted && setAddress((made = URL.createObjectURL(blob))),
      (reason: unknown) => !stop.signal.aborted && setFailed(sentenceFor(reason)),
    );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [piece.id]);
  const grab = async () => {
    try {
      if (shown.current) take(await pictureOf(shown.current));
    } catch (reason) {
      setFailed(sentenceFor(reason));
    }
  };
  if (failed) return <p className="form-error" role="alert">{failed}</p>;
  if (!address) return <p className="quiet">{t("loading")}</p>;
  return (
    <>
      {piece.media_type === "image/jpeg" ? <img ref={shown} src={address} alt={t("stillOfTheIncident")} /> : <video ref={shown} src={address} controls muted playsInline data-testid="enrol-evidence-video" />}
      <button type="button" className="button" onClick={() => void grab()} data-testid="enrol-evidence-take">
        {t("takeThisPicture")}
      </button>
    </>
  );
}

/** What is shown at this moment, in full size, as a JPEG in memory. */
async function pictureOf(shown: HTMLVideoElement | HTMLImageElement): Promise<File> {
  const [width, height] = shown instanceof HTMLVideoElement ? [shown.videoWidth, shown.videoHeight] : [shown.naturalWidth, shown.naturalHeight];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d")?.drawImage(shown, 0, 0);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob) throw new Error("This picture cannot be taken.");
  return new File([blob], "evidence.jpg", { type: "image/jpeg" });
}
