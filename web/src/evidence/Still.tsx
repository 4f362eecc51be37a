import { useEffect, useState } from "react";
import { sentenceFor } from "../api/problem";
import { content, type Piece } from "./endpoints";
import { t } from "./texts";

/** The picture of the moment, with boxes drawn by the worker. */
export function Still({ piece }: { piece: Piece }) {
  const [address, setAddress] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let made: string | null = null;
    content(piece.id, stop.signal).then(
      (blob) => {
        if (stop.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setAddress(made);
      },
      (error: unknown) => !stop.signal.aborted && setFailed(sentenceFor(error)),
    );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [piece.id]);
  if (failed) return <p className="form-error" role="alert">{failed}</p>;
  return address ? <img className="evidence-still" src={address} alt={t("thePictureOfTheMoment")} /> : <p className="page-note">{t("loadingThePicture")}</p>;
}
