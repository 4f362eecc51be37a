import { useQuery } from "@tanstack/react-query";
import { useCameras } from "../cameras/cameras";
import { Answer } from "../parts/Query";
import { drift, type Drifts } from "./endpoints";

const LOOK_EVERY_MS = 60_000;
const MEASURES: Record<string, string> = {
  "persons-a-frame": "Persons a frame",
  score: "Score",
  quality: "Keypoint score",
  "embedding-norm": "Length of embeddings",
};

/** Cameras of which a version does not answer as in the days before. */
export function Drift() {
  const found = useQuery({ queryKey: ["models", "drift"], queryFn: drift, refetchInterval: LOOK_EVERY_MS });
  return (
    <section className="panel" aria-label="Drift" data-testid="model-drift">
      <h2>Drift</h2>
      <Answer of={found}>{(drifts) => <Table drifts={drifts} />}</Answer>
    </section>
  );
}

function Table({ drifts }: { drifts: Drifts }) {
  const { named } = useCameras();
  const { items, watched, waiting, left_out: leftOut } = drifts;
  if (items.length === 0)
    return (
      <p className="page-note">
        {watched > 0 ? `Nothing: ${watched} cameras answer as in the days before.` : "Nothing can be said yet."}
        {leftOut > 0 && ` ${leftOut} more were not looked at: there are too many.`}
        {waiting > 0 && ` ${waiting} have not seen enough in three days to be compared with.`}
      </p>
    );
  return (
    <>
      <p className="page-note">The last 24 hours against the two weeks before. Look at the camera first: it may have been moved, or its scene changed.</p>
      <div className="wide-table">
        <table className="report">
          <thead>
            <tr>
              <th scope="col">Camera</th>
              <th scope="col">Version</th>
              <th scope="col">What is off</th>
              <th scope="col">Usually</th>
              <th scope="col">Now</th>
              <th scope="col">Spreads off</th>
            </tr>
          </thead>
          <tbody>
            {items.map((each) => (
              <tr key={`${each.camera_id} ${each.model} ${each.version} ${each.measure}`}>
                <th scope="row">{named(each.camera_id)}</th>
                <td>
                  {each.model} {each.version}
                </td>
                <td>{MEASURES[each.measure] ?? each.measure}</td>
                <td>{each.usual.toFixed(3)}</td>
                <td>{each.now.toFixed(3)}</td>
                <td>{each.spreads > 0 ? `+${each.spreads}` : each.spreads}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
