import { useEffect, useState } from "react";
import { sentenceFor } from "../api/problem";
import type { FaceCheck } from "./endpoints";
import { t } from "./texts";

/** A picture that is asked for with the session, shown, and let go with the page: it is stored nowhere. */
export function Picture({ load, alt, testId }: { load: () => Promise<Blob>; alt: string; testId?: string }) {
  const [address, setAddress] = useState<string | null>(null);
  const [missing, setMissing] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let here = true;
    load().then(
      (blob) => {
        if (here) setAddress((made = URL.createObjectURL(blob)));
      },
      (reason: unknown) => here && setMissing(sentenceFor(reason)),
    );
    return () => {
      here = false;
      if (made) URL.revokeObjectURL(made);
    };
    // The picture belongs to the element's key, not to each new closure.
  }, []);
  if (missing) return <p className="face-missing quiet">{missing}</p>;
  return address ? <img className="face" src={address} alt={alt} data-testid={testId} /> : <div className="face face-loading" aria-busy="true" />;
}

/** The chosen picture with what the gate saw drawn over it; nothing for a file that is no picture. */
export function Checked({ address, check }: { address: string; check: FaceCheck | null }) {
  const [broken, setBroken] = useState(false);
  if (broken) return null;
  return (
    <figure className="face-check">
      <img src={address} alt={t("thePictureToEnrol")} onError={() => setBroken(true)} />
      {check && (
        <svg viewBox={`0 0 ${check.width} ${check.height}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
          {check.faces.map((face, at) => {
            const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = face.box;
            const dot = check.width / 90;
            return (
              <g key={at} data-good={check.usable}>
                <rect x={x1} y={y1} width={x2 - x1} height={y2 - y1} strokeWidth={check.width / 150} />
                {face.points.map(([x = 0, y = 0], index) => (
                  <circle key={index} cx={x} cy={y} r={dot} />
                ))}
              </g>
            );
          })}
        </svg>
      )}
    </figure>
  );
}
