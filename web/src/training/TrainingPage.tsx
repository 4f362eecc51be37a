import { useState, type FormEvent } from "react";
import { CHAIN, heldAt } from "../administration/reach";
import { roles as loadRoles } from "../api/administration";
import { sentenceFor } from "../api/problem";
import { addCourse, courses, recordTraining, retireCourse, trainees, trainingRecords, withdrawTraining } from "../policy/endpoints";
import { today } from "../policy/words";
import { Confirm } from "../shell/Confirm";
import { Empty, Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { t } from "./texts";

/** Who was trained, until when, and for what. Reviewing matches stays shut to everybody else. */
export function TrainingPage() {
  const { me, may, stores } = usePlace();
  useTitle(t("training"));
  const loaded = useLoad("training", async () => {
    const [offered, records, people, roles] = await Promise.all([courses(), trainingRecords(), trainees(), loadRoles()]);
    return { offered, records, people, roles };
  });
  const [error, setError] = useState<string | null>(null);
  const attempt = async (work: () => Promise<unknown>) => {
    setError(null);
    try {
      await work();
      loaded.reload();
    } catch (reason) {
      setError(sentenceFor(reason));
    }
  };
  if (!loaded.value) return loaded.error ? <Failure sentence={loaded.error} retry={loaded.reload} /> : null;
  const { offered, records, people, roles } = loaded.value;
  const write = may("training:write");
  const sets = heldAt(me.memberships, roles, CHAIN, stores).has("training:write");
  const courseName = (id: string) => offered.find((course) => course.id === id)?.name ?? t("retiredCourse");
  return (
    <div className="page page-training">
      <header className="page-head">
        <h1>{t("training")}</h1>
      </header>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <section className="panel" aria-label={t("courses")}>
        <h2>{t("courses")}</h2>
        <p className="quiet">
          {t("onlyPeopleWhoseTrainingStandsMay")}{write && !sets && (" " + t("coursesAreSetForTheWhole"))}
        </p>
        <ul className="tests">
          {offered.map((course) => (
            <li key={course.id} className="course" data-testid="course">
              <span>
                <strong>{course.name}</strong>
                <small>
                  {t("validMonths", { gateName: course.gate_name, validMonths: course.valid_months })}
                </small>
              </span>
              {sets && (
                <Asked act={t("retire")} title={t("retire2", { name: course.name })} words="It cannot be taken back. Records of it open nothing any more: whoever has no training of another course reviews no matches from now on." onAct={() => attempt(() => retireCourse(course.id))} />
              )}
            </li>
          ))}
        </ul>
        {sets && <CourseForm onAdd={(name, months) => void attempt(() => addCourse(name, months))} />}
      </section>
      <section className="panel" aria-label={t("records")}>
        <h2>{t("whoIsTrained")}</h2>
        {write && offered.length > 0 && <RecordForm offered={offered} people={people.filter(({ id }) => id !== me.id)} onAdd={(record) => void attempt(() => recordTraining(record))} />}
        {records.length === 0 ? (
          <Empty title={t("nobodyIsRecordedYet")}>
            <p>{offered.length > 0 ? t("recordWhoTookACourseWith") : t("thereIsNoCourseYetOnce")}</p>
          </Empty>
        ) : (
          <ul className="tests records">
            {records.map((record) => {
              const lapsed = record.withdrawn_at !== null || record.expires_on <= today();
              return (
                <li key={record.id} data-lapsed={lapsed} data-testid="training-record">
                  <span>
                    <strong>{record.username}</strong> {courseName(record.course_id)}
                    <small>
                      {t("trainedByOn", { trainer: record.trainer, trainedOn: record.trained_on })}
                      {record.certificate && t("certificate", { certificate: record.certificate })}
                    </small>
                  </span>
                  <span className="verdict" data-verdict={lapsed ? "deny" : "allow"}>
                    {record.withdrawn_at ? t("withdrawn") : lapsed ? t("lapsed", { expiresOn: record.expires_on }) : t("until", { expiresOn: record.expires_on })}
                  </span>
                  {write && !lapsed && (
                    <Asked act={t("withdraw")} title={t("withdrawTheTrainingOf", { username: record.username })} words="Without another one that stands, this person reviews no matches from now on. It can be recorded again." onAct={() => attempt(() => withdrawTraining(record.id))} />
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </section>
    </div>
  );
}

/** A button whose act is asked about first. */
function Asked({ act, title, words, onAct }: { act: string; title: string; words: string; onAct: () => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
        {act}
      </button>
      {asking && (
        <Confirm title={title} act={act} onAct={() => (setAsking(false), void onAct())} onCancel={() => setAsking(false)}>
          <p>{words}</p>
        </Confirm>
      )}
    </>
  );
}

function CourseForm({ onAdd }: { onAdd: (name: string, months: number) => void }) {
  const [name, setName] = useState("");
  const [months, setMonths] = useState(12);
  const submit = (event: FormEvent) => (event.preventDefault(), onAdd(name.trim(), months), setName(""));
  return (
    <form className="test-form" onSubmit={submit}>
      <label className="field">
        <span>{t("newCourse")}</span>
        <input required maxLength={200} value={name} placeholder={t("reviewingMatchesHowTheyGoWrong")} onChange={({ target }) => setName(target.value)} data-testid="course-name" />
      </label>
      <label className="field">
        <span>{t("validForMonths")}</span>
        <input type="number" required min={1} max={60} value={months} onChange={({ target }) => setMonths(target.valueAsNumber)} />
      </label>
      <div className="form-actions">
        <button type="submit" className="button" data-testid="course-add">
          {t("addTheCourse")}
        </button>
      </div>
    </form>
  );
}

type NewRecord = Parameters<typeof recordTraining>[0];

function RecordForm({ offered, people, onAdd }: { offered: { id: string; name: string }[]; people: { id: string; username: string }[]; onAdd: (record: NewRecord) => void }) {
  const [draft, setDraft] = useState<NewRecord>({ course_id: offered[0]?.id ?? "", user_id: "", trainer: "", trained_on: today(), certificate: "" });
  const set = (change: Partial<NewRecord>) => setDraft({ ...draft, ...change });
  const submit = (event: FormEvent) => (event.preventDefault(), onAdd(draft), set({ user_id: "", certificate: "" }));
  if (people.length === 0) return <p className="quiet">{t("thereIsNobodyElseToTrain")}</p>;
  return (
    <form className="test-form" onSubmit={submit}>
      <label className="field">
        <span>{t("person")}</span>
        <select required value={draft.user_id} onChange={({ target }) => set({ user_id: target.value })} data-testid="record-person">
          <option value="" disabled>
            {t("choose")}
          </option>
          {people.map(({ id, username }) => (
            <option key={id} value={id}>
              {username}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("course")}</span>
        <select value={draft.course_id} onChange={({ target }) => set({ course_id: target.value })}>
          {offered.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("trainer")}</span>
        <input required maxLength={200} value={draft.trainer} onChange={({ target }) => set({ trainer: target.value })} data-testid="record-trainer" />
      </label>
      <label className="field">
        <span>{t("day")}</span>
        <input type="date" required max={today()} value={draft.trained_on} onChange={({ target }) => set({ trained_on: target.value })} />
      </label>
      <label className="field">
        <span>{t("certificate2")}</span>
        <input maxLength={200} value={draft.certificate ?? ""} placeholder={t("referenceIfThereIsOne")} onChange={({ target }) => set({ certificate: target.value })} />
      </label>
      <div className="form-actions">
        <button type="submit" className="button button-primary" data-testid="record-add">
          {t("record")}
        </button>
      </div>
    </form>
  );
}
