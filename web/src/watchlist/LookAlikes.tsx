import { entryPicture, type Entry } from "./endpoints";
import { Picture } from "./Picture";
import { t } from "./texts";

/** Entries that look like a new one, with their pictures: whoever proposes or approves compares. */
export function LookAlikes({ of }: { of: Entry["look_alikes"] }) {
  if (of.length === 0) return null;
  return (
    <div className="look-alikes" data-testid="look-alikes">
      <small>{t("looksAlike", { count: of.length })}</small>
      <ul>
        {of.map(({ enrolment_id, match_score }) => (
          <li key={enrolment_id}>
            <Picture load={() => entryPicture(enrolment_id)} alt={t("enrolledPictureOfALookAlike")} />
            <small>
              {t("entryScore", { entry: enrolment_id.slice(-4), score: match_score.toFixed(3) })}
            </small>
          </li>
        ))}
      </ul>
    </div>
  );
}
