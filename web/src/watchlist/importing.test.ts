import { afterEach, expect, test, vi } from "vitest";
import * as endpoints from "./endpoints";
import { importRows, pictures, refusalOf } from "./importing";

const file = (name: string, path = "") => Object.defineProperty(new File(["x"], name), "webkitRelativePath", { value: path });
const check = (findings: string[], hopeless = false) =>
  ({ usable: findings.length === 0, hopeless, findings: findings.map((finding) => ({ finding, why: `${finding}!` })), width: 1, height: 1, faces: [], look_alikes: [] });
const row = (line: number, picture: string, override_reason = "") => ({ line, picture, name: "N", override_reason, fields: {}, key: `k${line}` });

afterEach(() => vi.restoreAllMocks());

test("a picture is found by its path in the folder, or by its name", () => {
  const folder = [file("a.jpg", "people/old/a.jpg"), file("a.jpg", "people/a.jpg"), file("c.jpg", "people/new/c.jpg")];
  expect(pictures(folder, [])("./a.jpg")).toBe(folder[1]);
  expect(pictures(folder, [])("old\\a.jpg")).toBe(folder[0]);
  expect(pictures(folder, [])("c.jpg")).toBe("No chosen picture is called c.jpg.");
  const loose = [file("a.jpg"), file("b.jpg"), file("b.jpg")];
  const rows = [row(2, "./2024/a.jpg"), row(3, "2024\\a.jpg"), row(4, "b.jpg")];
  expect(pictures(loose, rows)("2024/a.jpg")).toBe(loose[0]);
  expect(pictures(loose, rows)("b.jpg")).toBe("Several chosen pictures are called b.jpg; give each a name of its own.");
  expect(pictures(loose, rows)("c.jpg")).toBe("No chosen picture is called c.jpg.");
});

test("rows whose pictures share a name in different folders enrol nobody by the one that was chosen", async () => {
  vi.spyOn(endpoints, "checkFace").mockResolvedValue(check([]));
  const person = vi.spyOn(endpoints, "addPerson").mockResolvedValue({ id: "p" } as never);
  const made = vi.spyOn(endpoints, "enrol").mockResolvedValue({} as never);
  const rows = [row(2, "2024/a.jpg"), row(3, "2025/a.jpg")];
  const report = await importRows({ store: "s", list: "l", rows, files: [file("a.jpg")], dry: false, progress: () => true });
  expect(report.accepted).toEqual([]);
  expect(report.refused.map(({ why }) => why)).toEqual(rows.map(() => "Rows name several pictures called a.jpg; give each a name of its own."));
  expect(person).not.toHaveBeenCalled();
  expect(made).not.toHaveBeenCalled();
});

test("a reason helps a poor picture, never a hopeless one", () => {
  expect(refusalOf(check([]), "")).toBeNull();
  expect(refusalOf(check(["size", "light"]), " ")).toBe("size! light!");
  expect(refusalOf(check(["size"]), "the only one")).toBeNull();
  expect(refusalOf(check(["no-face"], true), "the only one")).toBe("no-face!");
});

test("a dry run proposes nobody; one bad row keeps no other one", async () => {
  const looked = vi.spyOn(endpoints, "checkFace").mockImplementation((_store, _list, each) => (each.name === "bad.jpg" ? Promise.reject(new Error("x")) : Promise.resolve(check([]))));
  const person = vi.spyOn(endpoints, "addPerson").mockResolvedValue({ id: "p" } as never);
  const made = vi.spyOn(endpoints, "enrol").mockResolvedValue({} as never);
  const rows = [row(2, "a.jpg"), row(3, "bad.jpg"), row(4, "gone.jpg"), row(5, "a.jpg"), row(6, "b.jpg")];
  const work = { store: "s", list: "l", rows, files: [file("a.jpg"), file("bad.jpg"), file("b.jpg")], dry: true, progress: () => true };
  const report = await importRows(work);
  expect(report.accepted.map(({ line }) => line)).toEqual([2, 6]);
  expect(report.refused.map(({ line }) => line)).toEqual([3, 4, 5]);
  expect(person).not.toHaveBeenCalled();
  await importRows({ ...work, dry: false, progress: (done) => done < 1 });
  expect(looked).toHaveBeenCalledTimes(4);
  expect(made.mock.calls.map((each) => each[3])).toEqual(["enrol-k2-1"]);
});
