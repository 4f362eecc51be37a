import { MapPinOff } from "lucide-react";
import type { CameraPlace } from "./endpoints";
import { LONGEST, NARROWEST, SHORTEST, WIDEST } from "./geometry";
import { t } from "./texts";

interface Props {
  place: CameraPlace;
  widthM: number | null;
  change: (place: CameraPlace) => void;
  remove: () => void;
}

/** Where a camera looks, how wide and how far, by figures. */
export function PlaceFields({ place, widthM, change, remove }: Props) {
  return (
    <>
      <Slider label={t("heading")} said={t("degrees", { degrees: Math.round(place.heading_deg) })} min={0} max={359} step={1} value={place.heading_deg} onChange={(heading_deg) => change({ ...place, heading_deg })} testId="plan-heading" />
      <Slider label={t("view")} said={t("degrees", { degrees: Math.round(place.view_deg) })} min={NARROWEST} max={WIDEST} step={1} value={place.view_deg} onChange={(view_deg) => change({ ...place, view_deg })} testId="plan-view" />
      <Slider
        label={t("reach")}
        said={widthM ? t("metres", { metres: Math.round(place.reach * widthM * 10) / 10 }) : t("ofWidth", { share: Math.round(place.reach * 100) })}
        min={SHORTEST}
        max={LONGEST}
        step={0.01}
        value={place.reach}
        onChange={(reach) => change({ ...place, reach })}
        testId="plan-reach"
      />
      <button type="button" className="button" onClick={remove} data-testid="plan-take-away">
        <MapPinOff size={16} aria-hidden="true" />
        {t("takeAway")}
      </button>
    </>
  );
}

function Slider({ label, said, value, onChange, testId, ...range }: { label: string; said: string; min: number; max: number; step: number; value: number; onChange: (value: number) => void; testId: string }) {
  return (
    <label className="field plan-slider">
      <span>
        {label} <output>{said}</output>
      </span>
      <input type="range" {...range} value={value} aria-valuetext={said} onChange={({ target }) => onChange(Number(target.value))} data-testid={testId} />
    </label>
  );
}
