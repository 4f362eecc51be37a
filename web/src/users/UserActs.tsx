import { useState, type ReactNode } from "react";
import { disableUser, enableUser, endSessionsOf, removeLostFactor, resetPassword } from "../api/administration";
import type { Invited, User } from "../api/types";
import { mayGovern } from "../administration/reach";
import type { Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { usePlace } from "../shell/stores";

interface Props {
  user: User;
  directory: Directory;
  writes: boolean;
  changed: () => void;
  show: (invited: Invited) => void;
}

interface UserAct {
  name: string;
  title: string;
  words: string;
  testId: string;
  /** What it did, for the person who did it. */
  done: string;
  run: () => Promise<unknown>;
  harmless?: boolean;
}

/** What can be done about a person's access, each after a question. */
export function UserActs({ user, directory, writes, changed, show }: Props) {
  const { may } = usePlace();
  const [asked, ask] = useState<UserAct | null>(null);
  const [did, setDid] = useState<string | null>(null);
  const { busy, error, run } = useAct();
  const { me, roles, stores } = directory;
  const own = user.id === me.id;
  const governs = writes && !own && mayGovern(me.memberships, roles, user.memberships, stores);
  const acts = [...(governs ? accessActs(user, show) : []), ...(may("sessions:end") && !own ? sessionActs(user) : [])];
  const go = (act: UserAct) =>
    void run(async () => {
      ask(null);
      await act.run();
      setDid(act.done);
      changed();
    });
  return (
    <section className="stack" aria-label={`Access of ${user.username}`}>
      <h3>Access</h3>
      <Why own={own} writes={writes} governs={governs} />
      {acts.length > 0 && (
        <div className="form-actions">
          {acts.map((act) => (
            <button key={act.testId} type="button" className="button" disabled={busy} onClick={() => (setDid(null), ask(act))} data-testid={act.testId}>
              {act.name}
            </button>
          ))}
        </div>
      )}
      <Problem sentence={error} testId="user-error" />
      {did && !error && <p role="status">{did}</p>}
      {asked && (
        <Confirm title={asked.title} act={asked.name} busy={busy} danger={!asked.harmless} onAct={() => go(asked)} onCancel={() => ask(null)}>
          <p>{asked.words}</p>
        </Confirm>
      )}
    </section>
  );
}

function Why({ own, writes, governs }: { own: boolean; writes: boolean; governs: boolean }): ReactNode {
  if (own) return <p className="quiet">This is you. Your password, second factor and sessions are under your name in the sidebar.</p>;
  if (writes && !governs) return <p className="quiet">This person may do things that you may not, or works where you do not. Ask an administrator who may.</p>;
  return null;
}

function accessActs(user: User, show: (invited: Invited) => void): UserAct[] {
  const name = user.username;
  const reset: UserAct = {
    name: "Reset password",
    title: `Reset the password of ${name}?`,
    words: "You get a password for one log-in to hand over. Every session of this person ends now.",
    testId: "user-reset",
    done: "The new password is shown at the top of this page.",
    run: async () => show(await resetPassword(user.id)),
  };
  if (user.disabled_at) {
    const words = "This person may sign in again, with the roles and the password of before.";
    return [{ name: "Enable", title: `Let ${name} in again?`, words, testId: "user-enable", done: "May sign in again.", harmless: true, run: () => enableUser(user.id) }];
  }
  const words = "Nobody signs in as this person any more, and open pages close within seconds. The record of what was done stays.";
  return [reset, { name: "Disable", title: `Disable ${name}?`, words, testId: "user-disable", done: "Disabled; every session has ended.", run: () => disableUser(user.id) }];
}

function sessionActs(user: User): UserAct[] {
  return [
    {
      name: "End sessions",
      title: `Sign ${user.username} out everywhere?`,
      words: "Every page this person has open closes within seconds. Signing in again is possible.",
      testId: "user-end-sessions",
      done: "Signed out everywhere.",
      run: () => endSessionsOf(user.id),
    },
    {
      name: "Remove lost second factor",
      title: `Remove the second factor of ${user.username}?`,
      words: "Only when the phone is lost, and after you made sure who asks. The next log-in needs the password alone, until a new factor is set up.",
      testId: "user-remove-factor",
      done: "The second factor is gone, and every session has ended.",
      run: () => removeLostFactor(user.id),
    },
  ];
}
