import { useState } from "react";
import { useSearchParams } from "react-router";
import { ruleKinds, rules as loadRules, zones as loadZones } from "../api/endpoints";
import type { Rule, RuleKind, Zone } from "../api/types";
import { useCameras } from "../cameras/cameras";
import { Failure } from "../shell/Empty";
import { useLoad, useTitle } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { humanise } from "../text/format";
import { kindName } from "../text/kinds";
import { RuleForm } from "./RuleForm";
import { t } from "./texts";

const NO_ZONES: Zone[] = [];

/** Each kind of rule in plain words, how it is set where, and what another setting would have alerted. */
export function RulesPage() {
  useTitle(t("rules"));
  const { store } = usePlace();
  const kinds = useLoad("kinds", ruleKinds);
  const rules = useLoad(`rules ${store.id}`, () => loadRules(store.id));
  const [params, setParams] = useSearchParams();
  for (const { error, value, reload } of [kinds, rules]) if (error && !value) return <Failure sentence={error} retry={reload} />;
  const title = <h1>{t("rules")}</h1>;
  const kind = kinds.value?.find((each) => each.kind === params.get("kind")) ?? kinds.value?.[0];
  if (!kinds.value || !rules.value || !kind) return <div className="page page-rules">{title}</div>;
  return (
    <div className="page page-rules">
      <header className="page-head">
        <div>
          {title}
          <p className="page-note">{t("aPlaceWithoutASettingOf")}</p>
        </div>
      </header>
      <div className="rules">
        <nav aria-label={t("kindsOfRules")} className="rule-kinds">
          {kinds.value.map((each) => (
            <button key={each.kind} type="button" aria-current={each.kind === kind.kind ? "page" : undefined} onClick={() => setParams({ kind: each.kind })} data-testid={`rule-${each.kind}`}>
              {kindName(each.kind)}
              <small>{summary(rules.value ?? [], each.kind)}</small>
            </button>
          ))}
        </nav>
        <OneKind key={kind.kind} kind={kind} rules={rules.value} reload={rules.reload} />
      </div>
    </div>
  );
}

function summary(rules: readonly Rule[], kind: string): string {
  const own = rules.filter((each) => each.kind === kind);
  if (own.length === 0) return t("asItComes");
  const off = own.filter((each) => !each.enabled).length;
  return `${own.length === 1 ? t("oneSetting") : t("severalSettings", { count: own.length })}${off > 0 ? t("off2", { off }) : ""}`;
}

function OneKind({ kind, rules, reload }: { kind: RuleKind; rules: readonly Rule[]; reload: () => void }) {
  const { store } = usePlace();
  const { list } = useCameras();
  const [cameraId, setCameraId] = useState("");
  const [zoneId, setZoneId] = useState("");
  const zones = useLoad(cameraId && kind.zone_kind ? `zones ${cameraId}` : null, () => loadZones(cameraId));
  const fitting = (zones.value ?? NO_ZONES).filter((each) => each.kind === kind.zone_kind);
  const at = (camera: string | null, zone: string | null) => rules.find((each) => each.kind === kind.kind && each.camera_id === camera && each.zone_id === zone);
  const own = at(cameraId || null, zoneId || null);
  const followed = own ?? (zoneId ? at(cameraId, null) : undefined) ?? at(null, null);
  const place = zoneId ? t("thisZone") : cameraId ? t("thisCamera") : store.name;
  return (
    <section className="panel" aria-label={kindName(kind.kind)}>
      <h2>{kindName(kind.kind)}</h2>
      <p className="case-words">{kind.sentence}</p>
      <div className="filters">
        <select aria-label={t("camera")} value={cameraId} onChange={(event) => (setCameraId(event.target.value), setZoneId(""))} data-testid="rule-camera">
          <option value="">{t("allCameras", { name: store.name })}</option>
          {list.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </select>
        {fitting.length > 0 && (
          <select aria-label={t("zone")} value={zoneId} onChange={(event) => setZoneId(event.target.value)}>
            <option value="">{t("wholeCamera")}</option>
            {fitting.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </select>
        )}
      </div>
      {kind.only_in_zones && <p className="quiet">{t("itLooksOnlyInZonesThat")}</p>}
      <p className="quiet">{own ? t("setFor", { place }) : followed ? t("hasNoSettingOfItsOwn", { place: humanise(place), cameraId: followed.camera_id ? t("theCameraS") : t("theStoreS") }) : t("notSetItWorksAsThe")}</p>
      <RuleForm key={`${kind.kind} ${cameraId} ${zoneId} ${own?.updated_at ?? ""}`} kind={kind} own={own} followed={followed} cameraId={cameraId || null} zoneId={zoneId || null} reload={reload} />
    </section>
  );
}
