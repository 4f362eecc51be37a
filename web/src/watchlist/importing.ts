/** Many people at once: each row of a file with its picture, one after the other, through the same gates as one entry. */
import { sentenceFor } from "../api/problem";
import type { Id } from "../api/types";
import { addPerson, checkFace, enrol, type FaceCheck, type ImportRow, type Refused } from "./endpoints";
import { t } from "./texts";

export interface Report {
  accepted: { line: number; picture: string; findings: string[] }[];
  refused: Refused[];
}

/**
 * Finds the file of a row's picture among those that were chosen, or says why there is none. In a chosen folder its path decides alone.
 * Files chosen one by one have no path: then the name decides, where the files and the pictures of all `rows` leave no doubt.
 */
export function pictures(files: readonly File[], rows: readonly Pick<ImportRow, "picture">[]): (picture: string) => File | string {
  const inFolder = files.some((file) => file.webkitRelativePath !== "");
  const found = grouped(files, (file) => (inFolder ? file.webkitRelativePath.split("/").slice(1).join("/") : file.name));
  const wanted = grouped(new Set(rows.map((row) => pathOf(row.picture))), nameOf);
  return (picture) => {
    const name = inFolder ? pathOf(picture) : nameOf(pathOf(picture));
    const [file, ...others] = found.get(name) ?? [];
    if (!file) return t("noChosenPictureIsCalled", { picture });
    if (!inFolder && (wanted.get(name)?.length ?? 0) > 1) return t("rowsNameSeveralPicturesCalledGive", { name });
    return others.length > 0 ? t("severalChosenPicturesAreCalledGive", { name }) : file;
  };
}

function grouped<Each>(all: Iterable<Each>, by: (each: Each) => string): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const each of all) {
    const group = groups.get(by(each));
    if (group) group.push(each);
    else groups.set(by(each), [each]);
  }
  return groups;
}

const pathOf = (picture: string) => picture.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
const nameOf = (path: string) => path.split("/").at(-1) ?? "";

/** Why a checked picture is refused; null where it passes, or where the row says why it shall do all the same. */
export function refusalOf(check: FaceCheck, overrideReason: string): string | null {
  if (check.usable || (overrideReason.trim() !== "" && !check.hopeless)) return null;
  return check.findings.map(({ why }) => why).join(" ");
}

interface Work {
  store: Id;
  list: Id;
  rows: readonly ImportRow[];
  files: readonly File[];
  dry: boolean;
  /** Called before each row; whether to go on. */
  progress: (done: number) => boolean;
}

/** Check each row's picture and, unless `dry`, propose it. A row that fails keeps no other one; the report names nobody. */
export async function importRows({ store, list, rows, files, dry, progress }: Work): Promise<Report> {
  const report: Report = { accepted: [], refused: [] };
  const seen = new Map<string, number>();
  const pictureOf = pictures(files, rows);
  for (const [done, row] of rows.entries()) {
    if (!progress(done)) return report;
    const refuse = (why: string) => report.refused.push({ line: row.line, picture: row.picture, why });
    const file = pictureOf(row.picture);
    if (typeof file === "string") {
      refuse(file);
      continue;
    }
    const before = seen.get(`${file.webkitRelativePath} ${file.name}`);
    if (before !== undefined) {
      refuse(t("theSamePictureStandsAtLine", { before }));
      continue;
    }
    seen.set(`${file.webkitRelativePath} ${file.name}`, row.line);
    try {
      const check = await checkFace(store, list, file);
      const why = refusalOf(check, row.override_reason);
      if (why !== null) {
        refuse(why);
        continue;
      }
      if (!dry) {
        const key = `${row.key}-${file.size}`;
        const person = await addPerson(store, row.name, `person-${key}`);
        await enrol(person.id, file, row.fields, `enrol-${key}`);
      }
      report.accepted.push({ line: row.line, picture: row.picture, findings: check.findings.map(({ finding }) => finding) });
    } catch (reason) {
      refuse(sentenceFor(reason));
    }
  }
  progress(rows.length);
  return report;
}
