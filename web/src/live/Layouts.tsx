import { useQuery, useQueryClient } from "@tanstack/react-query";
import { LayoutGrid } from "lucide-react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useSearchParams } from "react-router";
import type { Camera } from "../api/types";
import { Dialog } from "../parts/Dialog";
import { Problem, useAct } from "../security/parts";
import { useKept } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { MOST_COLUMNS, MOST_SHOWN, readLayout, same, WHOLE, writeLayout, type Layout } from "./layout";
import { layouts, layoutsKey, removeLayout, saveLayout, type NamedLayout, type SavedLayout } from "./savedLayouts";
import { t } from "./texts";

/** The layout that the address names, and the way to another one. */
export function useLayout(): [Layout, (layout: Layout) => void] {
  const [params, setParams] = useSearchParams();
  return [readLayout(params), (layout) => setParams(writeLayout(layout), { replace: true })];
}

/** One's own layouts and the store's to choose from, and the form of a new one. Sent to others as the page's address too. */
export function Layouts({ cameras, layout, choose }: { cameras: readonly Camera[]; layout: Layout; choose: (layout: Layout) => void }) {
  const { saved, reload } = useSaved(cameras);
  const [editing, setEditing] = useState(false);
  const chosen = saved.find((each) => same(each, layout));
  const value = chosen?.id ?? (same(layout, WHOLE) ? "" : "?");
  const done = (next: Layout) => {
    reload();
    choose(next);
    setEditing(false);
  };
  return (
    <>
      <select aria-label={t("layout")} value={value} data-testid="layout" onChange={(event) => choose(saved.find(({ id }) => id === event.target.value) ?? WHOLE)}>
        <option value="">{t("everyCamera")}</option>
        <Options title={t("layoutOfStore")} of={saved.filter(({ shared }) => shared)} />
        <Options title={t("layoutOwn")} of={saved.filter(({ shared }) => !shared)} />
        {value === "?" && <option value="?">{t("fromLink")}</option>}
      </select>
      <button type="button" className="button" onClick={() => setEditing(true)} data-testid="layout-edit">
        <LayoutGrid size={16} aria-hidden="true" />
        {t("layoutEdit")}
      </button>
      {editing && <Editor cameras={cameras} layout={layout} chosen={chosen ?? null} saved={saved} close={() => setEditing(false)} done={done} />}
    </>
  );
}

function Options({ title, of }: { title: string; of: readonly SavedLayout[] }) {
  if (of.length === 0) return null;
  return (
    <optgroup label={title}>
      {of.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}

/** What the service keeps. Layouts that this browser kept before are handed over; one that the service does not take stays here. */
function useSaved(cameras: readonly Camera[]): { saved: readonly SavedLayout[]; reload: () => void } {
  const { store } = usePlace();
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: layoutsKey(store.id), queryFn: () => layouts(store.id) });
  const [kept, keep] = useKept<{ name: string; cameras: string[] | null; columns: number | null }[]>(`layouts.${store.id}`, []);
  const reload = () => void client.invalidateQueries({ queryKey: layoutsKey(store.id) });
  const handing = useRef(false);
  useEffect(() => {
    if (!data || kept.length === 0 || handing.current) return;
    handing.current = true;
    const known = new Set(data.flatMap(({ name, shared }) => (shared ? [] : [name])));
    const handed = kept
      .filter(({ name, cameras: of }) => !known.has(name) && (of === null || there(of, cameras).length > 0))
      .map((each) => saveLayout(store.id, { ...each, cameras: each.cameras && there(each.cameras, cameras), large: null, shared: false }, data).then(() => [], () => [each]));
    void Promise.all(handed).then((left) => {
      keep(left.flat());
      reload();
    });
  });
  return { saved: data ?? [], reload };
}

/** Without cameras that were removed: the service takes none of them. */
const there = (chosen: readonly string[], cameras: readonly Camera[]) => chosen.filter((id) => cameras.some((camera) => camera.id === id));

interface EditorProps {
  cameras: readonly Camera[];
  layout: Layout;
  chosen: SavedLayout | null;
  saved: readonly SavedLayout[];
  close: () => void;
  done: (layout: Layout) => void;
}

function Editor({ cameras, layout, chosen, saved, close, done }: EditorProps) {
  const { store, may } = usePlace();
  const [name, setName] = useState(chosen?.name ?? "");
  const [shared, setShared] = useState(chosen?.shared ?? false);
  const all = cameras.map(({ id }) => id);
  const [shown, setShown] = useState<readonly string[]>(layout.cameras ? there(layout.cameras, cameras) : all);
  const [columns, setColumns] = useState(layout.columns);
  const [large, setLarge] = useState(layout.large);
  const { busy, error, run } = useAct();
  const toggle = (id: string) => setShown(shown.includes(id) ? shown.filter((each) => each !== id) : [...shown, id]);
  const whole = shown.length === all.length && shown.every((id, index) => id === all[index]);
  const made: NamedLayout = { name: name.trim(), shared, cameras: whole ? null : shown, columns, large };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => done(await saveLayout(store.id, made, saved)));
  };
  const remove = (id: string) =>
    void run(async () => {
      await removeLayout(id);
      done(WHOLE);
    });
  const removable = chosen !== null && (!chosen.shared || may("cameras:write"));
  return (
    <Dialog title={t("layoutEdit")} onClose={close} testId="layout-form">
      <form className="stack" onSubmit={submit}>
        <label className="field">
          <span>{t("layoutName")}</span>
          <input value={name} required maxLength={60} placeholder={t("layoutExample")} data-testid="layout-name" onChange={(event) => setName(event.target.value)} />
        </label>
        <fieldset className="choices">
          <legend>{t("layoutCameras")}</legend>
          {cameras.map((camera) => (
            <label key={camera.id} className="choice">
              <input type="checkbox" checked={shown.includes(camera.id)} onChange={() => toggle(camera.id)} />
              <span>
                {camera.name}
                {shown.includes(camera.id) && <small> {shown.indexOf(camera.id) + 1}</small>}
              </span>
            </label>
          ))}
        </fieldset>
        <Figure label={t("layoutColumns")} auto={t("layoutAuto")} most={MOST_COLUMNS} value={columns} onChange={setColumns} testId="layout-columns" />
        <Figure label={t("layoutLarge")} auto={t("layoutLargeAuto")} least={0} most={Math.min(shown.length, MOST_SHOWN)} value={large} onChange={setLarge} testId="layout-large" />
        {may("cameras:write") && (
          <label className="choice">
            <input type="checkbox" checked={shared} onChange={({ target }) => setShared(target.checked)} data-testid="layout-shared" />
            <span>{t("layoutShared")}</span>
          </label>
        )}
        <p className="quiet">{t("layoutShare")}</p>
        <Problem sentence={error} testId="layout-error" />
        <div className="form-actions">
          <button type="submit" className="button button-primary" disabled={busy || !name.trim() || shown.length === 0 || (!whole && shown.length > MOST_SHOWN)} data-testid="layout-save">
            {t("layoutSave")}
          </button>
          {chosen && removable && (
            <button type="button" className="button" disabled={busy} onClick={() => remove(chosen.id)} data-testid="layout-remove">
              {t("layoutRemove")}
            </button>
          )}
          <button type="button" className="button button-quiet" onClick={close}>
            {t("layoutCancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FigureProps {
  label: string;
  auto: string;
  least?: number;
  most: number;
  value: number | null;
  onChange: (value: number | null) => void;
  testId: string;
}

/** A number of few, or what the page thinks best. */
function Figure({ label, auto, least = 1, most, value, onChange, testId }: FigureProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value ?? ""} onChange={({ target }) => onChange(target.value ? Number(target.value) : null)} data-testid={testId}>
        <option value="">{auto}</option>
        {Array.from({ length: most - least + 1 }, (_, index) => (
          <option key={index} value={least + index}>
            {least + index}
          </option>
        ))}
      </select>
    </label>
  );
}
