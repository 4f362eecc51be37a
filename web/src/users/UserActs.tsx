import { useState, type ReactNode } from "react";
import { disableUser, enableUser, endSessionsOf, removeLostFactor, resetPassword } from "../api/administration";
import type { Invited, User } from "../api/types";
import { mayGovern } from "../administration/reach";
import type { Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { usePlace } from "../shell/stores";
import { t } from "./texts";

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
    <section className="stack" aria-label={t("accessOf", { username: user.username })}>
      <h3>{t("access")}</h3>
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
  if (own) return <p className="quiet">{t("thisIsYouYourPasswordSecond")}</p>;
  if (writes && !governs) return <p className="quiet">{t("thisPersonMayDoThingsThat")}</p>;
  return null;
}

function accessActs(user: User, show: (invited: Invited) => void): UserAct[] {
  const name = user.username;
  const reset: UserAct = {
    name: t("resetPassword"),
    title: t("resetThePasswordOf", { name }),
    words: t("youGetAPasswordForOne"),
    testId: "user-reset",
    done: t("theNewPasswordIsShownAt"),
    run: async () => show(await resetPassword(user.id)),
  };
  if (user.disabled_at) {
    const words = t("thisPersonMaySignInAgain");
    return [{ name: t("enable"), title: t("letInAgain", { name }), words, testId: "user-enable", done: t("maySignInAgain"), harmless: true, run: () => enableUser(user.id) }];
  }
  const words = t("nobodySignsInAsThisPerson");
  return [reset, { name: t("disable"), title: t("disable2", { name }), words, testId: "user-disable", done: t("disabledEverySessionHasEnded"), run: () => disableUser(user.id) }];
}

function sessionActs(user: User): UserAct[] {
  return [
    {
      name: t("endSessions"),
      title: t("signOutEverywhere", { username: user.username }),
      words: t("everyPageThisPersonHasOpen"),
      testId: "user-end-sessions",
      done: t("signedOutEverywhere"),
      run: () => endSessionsOf(user.id),
    },
    {
      name: t("removeLostSecondFactor"),
      title: t("removeTheSecondFactorOf", { username: user.username }),
      words: t("onlyWhenThePhoneIsLost"),
      testId: "user-remove-factor",
      done: t("theSecondFactorIsGoneAnd"),
      run: () => removeLostFactor(user.id),
    },
  ];
}
