/** Many people at once: each row of a file with its picture, one after the other, through the same gates as one entry. */
import { sentenceFor } from "../api/problem";
import type { Id } from "../api/types";
import { addPerson, checkFace, enrol, type FaceCheck, type ImportRow, type Refused } from "./endpoints";

export interface Report {
  accepted: { line: number; picture: string; findings: string[] }[];
  refused: Refused[];
}

/** The file of a row among those that were chosen: by its path in a chosen folder, or by its name. */
export function pictureOf(files: readonly File[], picture: string): File | undefined {
  const wanted = picture.replaceAll("\\", "/").replace(/^\.\//, "");
  const inFolder = (file: File) => file.webkitRelativePath.split("/").slice(1).join("/");
  return files.find((file) => inFolder(file) === wanted) ?? files.find((file) => file.name === wanted.split("/").at(-1));
}

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
  for (const [done, row] of rows.entries()) {
    if (!progress(done)) return report;
    const refuse = (why: string) => report.refused.push({ line: row.line, picture: row.picture, why });
    const file = pictureOf(files, row.picture);
    if (!file) {
      refuse(`No chosen picture is called ${row.picture}.`);
      continue;
    }
    const before = seen.get(`${file.webkitRelativePath} ${file.name}`);
    if (before !== undefined) {
      refuse(`The same picture stands at line ${before}.`);
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
