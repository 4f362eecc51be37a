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

/** Who was trained, until when, and for what. Reviewing matches stays shut to everybody else. */
export function TrainingPage() {
  const { me, may, stores } = usePlace();
  useTitle("Training");
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
  const courseName = (id: string) => offered.find((course) => course.id === id)?.name ?? "Retired course";
  return (
    <div className="page page-training">
      <header className="page-head">
        <h1>Training</h1>
      </header>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <section className="panel" aria-label="Courses">
        <h2>Courses</h2>
        <p className="quiet">
          Only people whose training stands may review matches. Without a course nobody may.{write && !sets && " Courses are set for the whole chain: ask a chain administrator to add or retire one."}
        </p>
        <ul className="tests">
          {offered.map((course) => (
            <li key={course.id} className="course" data-testid="course">
              <span>
                <strong>{course.name}</strong>
                <small>
                  {course.gate_name}, valid {course.valid_months} months
                </small>
              </span>
              {sets && (
                <Asked act="Retire" title={`Retire ${course.name}?`} words="It cannot be taken back. Records of it open nothing any more: whoever has no training of another course reviews no matches from now on." onAct={() => attempt(() => retireCourse(course.id))} />
              )}
            </li>
          ))}
        </ul>
        {sets && <CourseForm onAdd={(name, months) => void attempt(() => addCourse(name, months))} />}
      </section>
      <section className="panel" aria-label="Records">
        <h2>Who is trained</h2>
        {write && offered.length > 0 && <RecordForm offered={offered} people={people.filter(({ id }) => id !== me.id)} onAdd={(record) => void attempt(() => recordTraining(record))} />}
        {records.length === 0 ? (
          <Empty title="Nobody is recorded yet">
            <p>{offered.length > 0 ? "Record who took a course, with the trainer and the day." : "There is no course yet. Once there is one, who took it is recorded here."}</p>
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
                      Trained by {record.trainer} on {record.trained_on}
                      {record.certificate && `, certificate ${record.certificate}`}
                    </small>
                  </span>
                  <span className="verdict" data-verdict={lapsed ? "deny" : "allow"}>
                    {record.withdrawn_at ? "Withdrawn" : lapsed ? `Lapsed ${record.expires_on}` : `Until ${record.expires_on}`}
                  </span>
                  {write && !lapsed && (
                    <Asked act="Withdraw" title={`Withdraw the training of ${record.username}?`} words="Without another one that stands, this person reviews no matches from now on. It can be recorded again." onAct={() => attempt(() => withdrawTraining(record.id))} />
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
        <span>New course</span>
        <input required maxLength={200} value={name} placeholder="Reviewing matches: how they go wrong" onChange={({ target }) => setName(target.value)} data-testid="course-name" />
      </label>
      <label className="field">
        <span>Valid for months</span>
        <input type="number" required min={1} max={60} value={months} onChange={({ target }) => setMonths(target.valueAsNumber)} />
      </label>
      <div className="form-actions">
        <button type="submit" className="button" data-testid="course-add">
          Add the course
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
  if (people.length === 0) return <p className="quiet">There is nobody else to train yet. Nobody records their own training.</p>;
  return (
    <form className="test-form" onSubmit={submit}>
      <label className="field">
        <span>Person</span>
        <select required value={draft.user_id} onChange={({ target }) => set({ user_id: target.value })} data-testid="record-person">
          <option value="" disabled>
            Choose…
          </option>
          {people.map(({ id, username }) => (
            <option key={id} value={id}>
              {username}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Course</span>
        <select value={draft.course_id} onChange={({ target }) => set({ course_id: target.value })}>
          {offered.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Trainer</span>
        <input required maxLength={200} value={draft.trainer} onChange={({ target }) => set({ trainer: target.value })} data-testid="record-trainer" />
      </label>
      <label className="field">
        <span>Day</span>
        <input type="date" required max={today()} value={draft.trained_on} onChange={({ target }) => set({ trained_on: target.value })} />
      </label>
      <label className="field">
        <span>Certificate</span>
        <input maxLength={200} value={draft.certificate ?? ""} placeholder="Reference, if there is one" onChange={({ target }) => set({ certificate: target.value })} />
      </label>
      <div className="form-actions">
        <button type="submit" className="button button-primary" data-testid="record-add">
          Record
        </button>
      </div>
    </form>
  );
}
