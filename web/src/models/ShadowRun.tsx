import { useCameras } from "../cameras/cameras";
import { Picture } from "../watchlist/Picture";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { still, type Agreement, type ShadowReport } from "./endpoints";
import { change, differs, figure, share } from "./words";
import { t } from "./texts";

/** The pictures that are asked for at once: each look at one is in the audit. */
const SHOWN = 6;

/** How far the two agree: in all, camera by camera, and on which frames they do not. */
export function ShadowRun({ report }: { report: ShadowReport }) {
  const { total, cameras, disagreements } = report;
  const { named } = useCameras();
  if (total.frames === 0) return <p className="page-note">{t("nothingWasComparedYetTheFirst")}</p>;
  return (
    <>
      <dl className="facts models-facts" data-testid="shadow-total">
        <Fact name={t("agreement")} value={figure(total.agreement)} note={t("personsKeypoints1IsTheSame")} />
        <Fact name={t("personsFoundByBoth")} value={total.persons === null ? "–" : share(total.persons)} note={t("byTheOneInUseAlone", { personsBoth: total.persons_both, personsOnlyInUse: total.persons_only_in_use, personsOnlyNew: total.persons_only_new })} />
        <Fact name={t("keypointsAlike")} value={figure(total.keypoint_likeness)} note={t("oksAsCocoCountsIt")} />
        <Fact name={t("boxesOverlap")} value={figure(total.box_overlap)} note={t("intersectionOverUnion")} />
        <Fact name={t("scoreShift")} value={figure(total.score_shift, true)} note={t("spread", { scoreShiftSpread: figure(total.score_shift_spread) })} />
        <Fact name={t("medianLatency")} value={change(total.p50_ms_in_use, total.p50_ms_new)} note={t("slowestTwentieth", { p95_ms_in_use: change(total.p95_ms_in_use, total.p95_ms_new) })} />
        <Fact name={t("framesCompared")} value={total.frames.toLocaleString()} note={t("withoutAnAnswerPassedOver", { failures: total.failures, skipped: total.skipped })} />
      </dl>
      <div className="wide-table">
        <table className="report">
          <thead>
            <tr>
              <th scope="col">{t("camera")}</th>
              <th scope="col">{t("agreement")}</th>
              <th scope="col">{t("persons")}</th>
              <th scope="col">{t("keypoints")}</th>
              <th scope="col">{t("frames")}</th>
            </tr>
          </thead>
          <tbody>
            {cameras.map(({ camera_id, agreement }) => (
              <CameraRow key={camera_id} name={named(camera_id)} of={agreement} />
            ))}
          </tbody>
        </table>
      </div>
      <Gallery disagreements={disagreements} />
    </>
  );
}

function Fact({ name, value, note }: { name: string; value: string; note: string }) {
  return (
    <div className="models-fact">
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        <small>{note}</small>
      </dd>
    </div>
  );
}

function CameraRow({ name, of }: { name: string; of: Agreement }) {
  return (
    <tr data-testid="shadow-camera">
      <th scope="row">{name}</th>
      <td>{figure(of.agreement)}</td>
      <td>{of.persons === null ? "–" : share(of.persons)}</td>
      <td>{figure(of.keypoint_likeness)}</td>
      <td>{of.frames.toLocaleString()}</td>
    </tr>
  );
}

function Gallery({ disagreements }: Pick<ShadowReport, "disagreements">) {
  const { may } = usePlace();
  const { named } = useCameras();
  if (disagreements.length === 0 || !may("models:write")) return null;
  return (
    <>
      <h3>{t("whereTheyDisagree")}</h3>
      <p className="page-note">
        {t("greenTheVersionInUseMagenta")}
        {disagreements.length > SHOWN && (" " + t("theWorstOf", { shown: SHOWN, disagreements: disagreements.length }))}
      </p>
      <ul className="models-gallery" data-testid="shadow-gallery">
        {disagreements.slice(0, SHOWN).map((each) => (
          <li key={each.id}>
            <Picture load={() => still(each.id)} alt={t("aFrameOfOnWhichThe", { cameraId: named(each.camera_id) })} testId="shadow-still" />
            <small>
              {named(each.camera_id)}, {clock(each.captured_at, Date.now())}: {differs(each.persons_only_in_use, each.persons_only_new, each.least_likeness)}
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}
