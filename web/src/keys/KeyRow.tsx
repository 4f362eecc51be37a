import { Bot } from "lucide-react";
import { useState } from "react";
import { revokeKey, rotateKey } from "../api/administration";
import type { ApiKey, ApiKeySecret } from "../api/types";
import { placeName } from "../administration/reach";
import type { Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { date, days, duration, hours } from "../text/format";
import { keyState, permissionWords, STATE_WORDS } from "./words";
import { t } from "./texts";

interface Props {
  apiKey: ApiKey;
  directory: Directory;
  writes: boolean;
  now: number;
  changed: () => void;
  show: (made: ApiKeySecret) => void;
}

const OVERLAPS = [
  [86_400, () => days(1)],
  [3_600, () => hours(1)],
  [604_800, () => days(7)],
  [0, () => t("notAtAllItEndsNow")],
] as const;

export function KeyRow({ apiKey: key, directory, writes, now, changed, show }: Props) {
  const [asked, ask] = useState<"rotate" | "revoke" | null>(null);
  const [overlap, setOverlap] = useState<number>(OVERLAPS[0][0]);
  const { busy, error, run } = useAct();
  const state = keyState(key, now);
  const usable = state !== "revoked" && state !== "ended";
  const rotate = () =>
    void run(async () => {
      ask(null);
      show(await rotateKey(key.id, overlap));
    });
  const revoke = () =>
    void run(async () => {
      ask(null);
      await revokeKey(key.id);
      changed();
    });
  return (
    <li className="row" data-testid="key" data-off={!usable}>
      <div className="row-head key-head">
        <Bot size={20} aria-hidden="true" />
        <span className="row-name">
          <strong>{key.name}</strong>
          <small>{places(key, directory)}</small>
          <small>{key.permissions.map(permissionWords).join(" · ")}</small>
          <small className="key-ends">{ends(key, now)}</small>
          {key.maker_left && usable ? (
            <small className="key-left" data-testid="key-maker-left">
              {t("madeBy")}{" "}{key.made_by}{t("whoIsDisabledWhoeverKnowsIts")}
            </small>
          ) : (
            key.made_by && <small>{t("madeBy2", { madeBy: key.made_by })}</small>
          )}
        </span>
        <span className="tag" data-state={state}>
          {STATE_WORDS[state]}
        </span>
        {writes && usable && (
          <span className="row-tools">
            <button type="button" className="button button-small" disabled={busy} onClick={() => ask("rotate")} data-testid="key-rotate">
              {t("rotate")}
            </button>
            <button type="button" className="button button-small" disabled={busy} onClick={() => ask("revoke")} data-testid="key-revoke">
              {t("revoke")}
            </button>
          </span>
        )}
      </div>
      {error && (
        <div className="row-body row-body-one">
          <Problem sentence={error} testId="key-row-error" />
        </div>
      )}
      {asked === "rotate" && (
        <Confirm title={t("aNewSecretFor", { name: key.name })} act={t("makeTheNewSecret")} danger={false} busy={busy} onAct={rotate} onCancel={() => ask(null)}>
          <p>{t("bothSecretsAnswerForAWhile")}</p>
          <label className="field dialog-field">
            <span>{t("theOneSoFarAnswersFor")}</span>
            <select value={overlap} onChange={(event) => setOverlap(Number(event.target.value))} data-testid="key-overlap">
              {OVERLAPS.map(([value, words]) => (
                <option key={value} value={value}>
                  {words()}
                </option>
              ))}
            </select>
          </label>
        </Confirm>
      )}
      {asked === "revoke" && (
        <Confirm title={t("revoke2", { name: key.name })} act={t("revoke")} busy={busy} onAct={revoke} onCancel={() => ask(null)}>
          <p>{t("theProgramThatUsesItIs")}</p>
        </Confirm>
      )}
    </li>
  );
}

function places(key: ApiKey, { stores, regions }: Directory): string {
  if (key.store_ids === null && key.region_ids === null) return t("theWholeChain");
  const named = [
    ...(key.region_ids ?? []).map((region_id) => placeName({ store_id: null, region_id }, stores, regions)),
    ...(key.store_ids ?? []).map((store_id) => placeName({ store_id, region_id: null }, stores, regions)),
  ];
  return named.join(", ");
}

function ends(key: ApiKey, now: number): string {
  if (key.revoked_at) return t("revokedOn", { revokedAt: date(key.revoked_at) });
  const end = key.expires_at ? `${Date.parse(key.expires_at) <= now ? t("ended") : t("goodUntil")} ${date(key.expires_at)}` : t("withoutAnEnd");
  const left = key.previous_secret_ends_at ? (Date.parse(key.previous_secret_ends_at) - now) / 1000 : 0;
  return left > 0 ? t("theSecretBeforeTheLastAnswers", { end, left: duration(left) }) : end;
}
