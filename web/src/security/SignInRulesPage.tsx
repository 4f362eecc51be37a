import { Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Link } from "react-router";
import { regions as loadRegions } from "../api/administration";
import { addGroupMapping, changeSignInSettings, groupMappings, oidcDetails, removeGroupMapping, signInSettings } from "../api/security";
import type { GroupMapping, OidcDetails, Region, Role, Store } from "../api/types";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { CHAIN, placeKey, placeName } from "../administration/reach";
import { ROLES, roleName } from "../administration/roles";
import { Problem, useAct } from "./parts";
import { t } from "./texts";

/** What a chain asks of log-ins: who needs a second factor, which group of the provider has which role. */
export function SignInRulesPage() {
  useTitle(t("signInRules"));
  const { value, error, reload } = useLoad("sign-in-rules", async () => {
    const [settings, details, mappings, regions] = await Promise.all([signInSettings(), oidcDetails(), groupMappings(), loadRegions()]);
    return { settings, details, mappings, regions };
  });
  const writes = usePlace().may("sign-in:write");
  if (value === null) return <div className="page">{error && <Failure sentence={error} retry={reload} />}</div>;
  return (
    <div className="page page-security">
      <header className="page-head">
        <div>
          <h1>{t("signInRules")}</h1>
          <p className="page-note">{t("theyHoldForTheWholeChain")}</p>
        </div>
        <Link className="button" to="/security">
          {t("yourOwnSecurity")}
        </Link>
      </header>
      <div className="security-columns">
        <section className="panel" aria-label={t("secondFactor")}>
          <h2>{t("whoNeedsASecondFactor")}</h2>
          <FactorRoles chosen={value.settings.second_factor_roles} writes={writes} reload={reload} />
        </section>
        <section className="panel" aria-label={t("identityProvider")}>
          <h2>{t("identityProvider")}</h2>
          <ProviderFacts details={value.details} />
        </section>
      </div>
      <section className="panel" aria-label={t("groups")}>
        <h2>{t("groupsOfTheProviderAndTheir")}</h2>
        <Mappings mappings={value.mappings} regions={value.regions} writes={writes} reload={reload} />
      </section>
    </div>
  );
}

function FactorRoles({ chosen, writes, reload }: { chosen: Role[]; writes: boolean; reload: () => void }) {
  const { busy, error, run } = useAct();
  const toggle = (role: Role) =>
    void run(async () => {
      await changeSignInSettings(chosen.includes(role) ? chosen.filter((each) => each !== role) : [...chosen, role]);
      reload();
    });
  return (
    <div className="stack">
      <p>{t("peopleInTheseRolesCanDo")}</p>
      <div className="role-choice">
        {ROLES.map((role) => (
          <label key={role} className="toggle">
            <input type="checkbox" checked={chosen.includes(role)} disabled={busy || !writes} onChange={() => toggle(role)} data-testid={`factor-${role}`} />
            <span>{roleName(role)}</span>
          </label>
        ))}
      </div>
      <Problem sentence={error} />
    </div>
  );
}

function ProviderFacts({ details }: { details: OidcDetails }) {
  if (!details.enabled) {
    return (
      <div className="stack">
        <p>{t("noneIsSetUpWhoeverRuns")}</p>
        <p>{t("registerThisAddressThere")}</p>
        <code className="secret">{details.redirect_uri}</code>
      </div>
    );
  }
  const facts = [
    [t("name"), details.name],
    [t("issuer"), details.issuer],
    [t("client"), details.client_id],
    [t("groupsInClaim"), details.groups_claim],
    [t("registeredAddress"), details.redirect_uri],
  ];
  return (
    <dl className="provider-facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Mappings({ mappings, regions, writes, reload }: { mappings: GroupMapping[]; regions: Region[]; writes: boolean; reload: () => void }) {
  const { stores } = usePlace();
  const { busy, error, run } = useAct();
  return (
    <div className="stack">
      <p>{t("rolesAreGivenAtEachLog")}</p>
      {mappings.length > 0 && (
        <ul className="mappings" data-testid="mappings">
          {mappings.map((mapping) => (
            <li key={mapping.id}>
              <strong>{mapping.group_name}</strong>
              <span>{roleName(mapping.role)}</span>
              <span>{placeName(mapping, stores, regions)}</span>
              {writes && (
                <button type="button" className="icon-button" disabled={busy} aria-label={t("remove2", { groupName: mapping.group_name })} onClick={() => void run(async () => (await removeGroupMapping(mapping.id), reload()))}>
                  <Trash2 size={16} />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {writes && <AddMapping stores={stores} regions={regions} reload={reload} />}
      <Problem sentence={error} />
    </div>
  );
}

function AddMapping({ stores, regions, reload }: { stores: Store[]; regions: Region[]; reload: () => void }) {
  const [group, setGroup] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [at, setAt] = useState("chain");
  const places = [CHAIN, ...regions.map(({ id }) => ({ store_id: null, region_id: id })), ...stores.map(({ id }) => ({ store_id: id, region_id: null }))];
  const { busy, error, run } = useAct();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await addGroupMapping(group.trim(), role, places.find((place) => placeKey(place) === at) ?? CHAIN);
      setGroup("");
      reload();
    });
  };
  return (
    <form className="add-mapping" onSubmit={submit}>
      <label className="field">
        <span>{t("group")}</span>
        <input value={group} maxLength={200} autoComplete="off" spellCheck={false} onChange={(event) => setGroup(event.target.value)} data-testid="mapping-group" />
      </label>
      <label className="field">
        <span>{t("role")}</span>
        <select value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {roleName(each)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{t("where")}</span>
        <select value={at} onChange={(event) => setAt(event.target.value)} data-testid="mapping-place">
          {places.map((place) => (
            <option key={placeKey(place)} value={placeKey(place)}>
              {placeName(place, stores, regions)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button button-primary" disabled={busy || !group.trim()} data-testid="mapping-add">
        {busy ? t("adding") : t("add")}
      </button>
      <Problem sentence={error} />
    </form>
  );
}
