import { LayoutGrid } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useSearchParams } from "react-router";
import type { Camera } from "../api/types";
import { Dialog } from "../parts/Dialog";
import { useKept } from "../shell/hooks";
import { usePlace } from "../shell/stores";
import { MOST_COLUMNS, readLayout, same, WHOLE, withLayout, writeLayout, type Layout, type NamedLayout } from "./layout";
import { t } from "./texts";

/** The layout that the address names, and the way to another one. */
export function useLayout(): [Layout, (layout: Layout) => void] {
  const [params, setParams] = useSearchParams();
  return [readLayout(params), (layout) => setParams(writeLayout(layout), { replace: true })];
}

/** Saved layouts to choose from, and the form of a new one. Saved in this browser; sent to others as the page's address. */
export function Layouts({ cameras, layout, choose }: { cameras: readonly Camera[]; layout: Layout; choose: (layout: Layout) => void }) {
  const { store } = usePlace();
  const [saved, save] = useKept<NamedLayout[]>(`layouts.${store.id}`, []);
  const [editing, setEditing] = useState(false);
  const chosen = saved.find((each) => same(each, layout))?.name ?? (same(layout, WHOLE) ? "" : "?");
  return (
    <>
      <select aria-label={t("layout")} value={chosen} data-testid="layout" onChange={(event) => choose(saved.find(({ name }) => name === event.target.value) ?? WHOLE)}>
        <option value="">{t("everyCamera")}</option>
        {saved.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        {chosen === "?" && <option value="?">{t("fromLink")}</option>}
      </select>
      <button type="button" className="button" onClick={() => setEditing(true)} data-testid="layout-edit">
        <LayoutGrid size={16} aria-hidden="true" />
        {t("layoutEdit")}
      </button>
      {editing && (
        <Editor
          cameras={cameras}
          layout={layout}
          name={chosen === "?" ? "" : chosen}
          close={() => setEditing(false)}
          keep={(made) => {
            save(withLayout(saved, made));
            choose(made);
            setEditing(false);
          }}
          remove={saved.some(({ name }) => name === chosen) ? () => (save(saved.filter(({ name }) => name !== chosen)), choose(WHOLE), setEditing(false)) : null}
        />
      )}
    </>
  );
}

interface EditorProps {
  cameras: readonly Camera[];
  layout: Layout;
  name: string;
  close: () => void;
  keep: (layout: NamedLayout) => void;
  remove: (() => void) | null;
}

function Editor({ cameras, layout, name: before, close, keep, remove }: EditorProps) {
  const [name, setName] = useState(before);
  const [shown, setShown] = useState<readonly string[]>(layout.cameras ?? cameras.map(({ id }) => id));
  const [columns, setColumns] = useState(layout.columns);
  const toggle = (id: string) => setShown(shown.includes(id) ? shown.filter((each) => each !== id) : [...shown, id]);
  const made: NamedLayout = { name: name.trim(), cameras: shown.length === cameras.length && same({ cameras: shown, columns: null }, { cameras: cameras.map(({ id }) => id), columns: null }) ? null : shown, columns };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep(made);
  };
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
        <label className="field">
          <span>{t("layoutColumns")}</span>
          <select value={columns ?? ""} onChange={(event) => setColumns(event.target.value ? Number(event.target.value) : null)}>
            <option value="">{t("layoutAuto")}</option>
            {Array.from({ length: MOST_COLUMNS }, (_, index) => (
              <option key={index} value={index + 1}>
                {index + 1}
              </option>
            ))}
          </select>
        </label>
        <p className="quiet">{t("layoutShare")}</p>
        <div className="form-actions">
          <button type="submit" className="button button-primary" disabled={!name.trim() || shown.length === 0} data-testid="layout-save">
            {t("layoutSave")}
          </button>
          {remove && (
            <button type="button" className="button" onClick={remove}>
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
