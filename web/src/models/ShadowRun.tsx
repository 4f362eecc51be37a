import { useCameras } from "../cameras/cameras";
import { Picture } from "../watchlist/Picture";
import { usePlace } from "../shell/stores";
import { clock } from "../text/format";
import { still, type Agreement, type ShadowReport } from "./endpoints";
import { change, differs, figure, share } from "./words";

/** The pictures that are asked for at once: each look at one is in the audit. */
const SHOWN = 6;

/** How far the two agree: in all, camera by camera, and on which frames they do not. */
export function ShadowRun({ report }: { report: ShadowReport }) {
  const { total, cameras, disagreements } = report;
  const { named } = useCameras();
  if (total.frames === 0) return <p className="page-note">Nothing was compared yet. The first figures come some ten seconds after a camera sees somebody.</p>;
  return (
    <>
      <dl className="facts models-facts" data-testid="shadow-total">
        <Fact name="Agreement" value={figure(total.agreement)} note="persons × keypoints, 1 is the same" />
        <Fact name="Persons found by both" value={total.persons === null ? "–" : share(total.persons)} note={`${total.persons_both}; ${total.persons_only_in_use} by the one in use alone, ${total.persons_only_new} by the new one alone`} />
        <Fact name="Keypoints alike" value={figure(total.keypoint_likeness)} note="OKS as COCO counts it" />
        <Fact name="Boxes overlap" value={figure(total.box_overlap)} note="intersection over union" />
        <Fact name="Score shift" value={figure(total.score_shift, true)} note={`spread ${figure(total.score_shift_spread)}`} />
        <Fact name="Median latency" value={change(total.p50_ms_in_use, total.p50_ms_new)} note={`slowest twentieth ${change(total.p95_ms_in_use, total.p95_ms_new)}`} />
        <Fact name="Frames compared" value={total.frames.toLocaleString()} note={`${total.failures} without an answer, ${total.skipped} passed over`} />
      </dl>
      <div className="wide-table">
        <table className="report">
          <thead>
            <tr>
              <th scope="col">Camera</th>
              <th scope="col">Agreement</th>
              <th scope="col">Persons</th>
              <th scope="col">Keypoints</th>
              <th scope="col">Frames</th>
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
      <h3>Where they disagree</h3>
      <p className="page-note">
        Green: the version in use. Magenta: the new one. Heads are blurred; somebody whom neither found is not. Pictures go after seven days, and each look at one is in the audit.
        {disagreements.length > SHOWN && ` The worst ${SHOWN} of ${disagreements.length}.`}
      </p>
      <ul className="models-gallery" data-testid="shadow-gallery">
        {disagreements.slice(0, SHOWN).map((each) => (
          <li key={each.id}>
            <Picture load={() => still(each.id)} alt={`A frame of ${named(each.camera_id)} on which the versions disagree`} testId="shadow-still" />
            <small>
              {named(each.camera_id)}, {clock(each.captured_at, Date.now())}: {differs(each.persons_only_in_use, each.persons_only_new, each.least_likeness)}
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}
