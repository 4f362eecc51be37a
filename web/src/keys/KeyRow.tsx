import { Bot } from "lucide-react";
import { useState } from "react";
import { revokeKey, rotateKey } from "../api/administration";
import type { ApiKey, ApiKeySecret } from "../api/types";
import { placeName } from "../administration/reach";
import type { Directory } from "../administration/RoleFields";
import { Problem, useAct } from "../security/parts";
import { Confirm } from "../shell/Confirm";
import { date, duration } from "../text/format";
import { keyState, permissionWords, STATE_WORDS } from "./words";

interface Props {
  apiKey: ApiKey;
  directory: Directory;
  writes: boolean;
  now: number;
  changed: () => void;
  show: (made: ApiKeySecret) => void;
}

const OVERLAPS = [
  [86_400, "1 day"],
  [3_600, "1 hour"],
  [604_800, "7 days"],
  [0, "Not at all: it ends now"],
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
              Made by {key.made_by}, who is disabled. Whoever knows its secret may still use it: rotate it, or revoke it.
            </small>
          ) : (
            key.made_by && <small>Made by {key.made_by}</small>
          )}
        </span>
        <span className="tag" data-state={state}>
          {STATE_WORDS[state]}
        </span>
        {writes && usable && (
          <span className="row-tools">
            <button type="button" className="button button-small" disabled={busy} onClick={() => ask("rotate")} data-testid="key-rotate">
              Rotate
            </button>
            <button type="button" className="button button-small" disabled={busy} onClick={() => ask("revoke")} data-testid="key-revoke">
              Revoke
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
        <Confirm title={`A new secret for ${key.name}?`} act="Make the new secret" danger={false} busy={busy} onAct={rotate} onCancel={() => ask(null)}>
          <p>Both secrets answer for a while, so that the program can change over without a gap.</p>
          <label className="field dialog-field">
            <span>The one so far answers for</span>
            <select value={overlap} onChange={(event) => setOverlap(Number(event.target.value))} data-testid="key-overlap">
              {OVERLAPS.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        </Confirm>
      )}
      {asked === "revoke" && (
        <Confirm title={`Revoke ${key.name}?`} act="Revoke" busy={busy} onAct={revoke} onCancel={() => ask(null)}>
          <p>The program that uses it is refused within seconds. This cannot be taken back; make a new key instead.</p>
        </Confirm>
      )}
    </li>
  );
}

function places(key: ApiKey, { stores, regions }: Directory): string {
  if (key.store_ids === null && key.region_ids === null) return "The whole chain";
  const named = [
    ...(key.region_ids ?? []).map((region_id) => placeName({ store_id: null, region_id }, stores, regions)),
    ...(key.store_ids ?? []).map((store_id) => placeName({ store_id, region_id: null }, stores, regions)),
  ];
  return named.join(", ");
}

function ends(key: ApiKey, now: number): string {
  if (key.revoked_at) return `Revoked on ${date(key.revoked_at)}`;
  const end = key.expires_at ? `${Date.parse(key.expires_at) <= now ? "Ended" : "Good until"} ${date(key.expires_at)}` : "Without an end";
  const left = key.previous_secret_ends_at ? (Date.parse(key.previous_secret_ends_at) - now) / 1000 : 0;
  return left > 0 ? `${end}; the secret before the last answers for ${duration(left)} more` : end;
}
