import { useQuery } from "@tanstack/react-query";
import { useCameras } from "../cameras/cameras";
import { Answer } from "../parts/Query";
import { drift, type Drifts } from "./endpoints";
import { t } from "./texts";

const LOOK_EVERY_MS = 60_000;
const MEASURES: Record<string, string> = {
  get "persons-a-frame"() { return t("personsAFrame"); },
  get score() { return t("score"); },
  get quality() { return t("keypointScore"); },
  get "embedding-norm"() { return t("lengthOfEmbeddings"); },
};

/** Cameras of which a version does not answer as in the days before. */
export function Drift() {
  const found = useQuery({ queryKey: ["models", "drift"], queryFn: drift, refetchInterval: LOOK_EVERY_MS });
  return (
    <section className="panel" aria-label={t("drift")} data-testid="model-drift">
      <h2>{t("drift")}</h2>
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
        {watched > 0 ? t("nothingCamerasAnswerAsInThe", { watched }) : t("nothingCanBeSaidYet")}
        {leftOut > 0 && " " + t("moreWereNotLookedAt", { leftOut })}
        {waiting > 0 && (" " + t("haveNotSeenEnoughInThree", { waiting }))}
      </p>
    );
  return (
    <>
      <p className="page-note">{t("theLast24HoursAgainstThe")}</p>
      <div className="wide-table">
        <table className="report">
          <thead>
            <tr>
              <th scope="col">{t("camera")}</th>
              <th scope="col">{t("version")}</th>
              <th scope="col">{t("whatIsOff")}</th>
              <th scope="col">{t("usually")}</th>
              <th scope="col">{t("now")}</th>
              <th scope="col">{t("spreadsOff")}</th>
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
