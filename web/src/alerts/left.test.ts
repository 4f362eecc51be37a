import { afterEach, expect, it, vi } from "vitest";
import { loadLeft } from "./left";

afterEach(() => vi.unstubAllGlobals());

it("lists every open alert, page after page, and leaves out none for those that somebody acknowledged", async () => {
  const made = (state: string, id: number) => ({ id: `${state}-${id}`, state, threat: "low", raised_at: String(10_000 + id) });
  const newestFirst = Array.from({ length: 700 }, (_, index) => made("raised", 699 - index));
  vi.stubGlobal("fetch", (address: string) => {
    const query = new URL(address, "http://shop").searchParams;
    const limit = Number(query.get("limit"));
    const all = query.getAll("state").includes("raised") ? newestFirst : Array.from({ length: 300 }, (_, index) => made("acknowledged", index));
    const from = Number(query.get("cursor") ?? 0);
    const body = { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null };
    return Promise.resolve(new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } }));
  });
  const { open, moreAcknowledged } = await loadLeft("store" as never);
  expect(open.filter(({ state }) => state === "raised")).toHaveLength(700);
  expect(open[0]?.id).toBe("raised-0");
  expect([open.length, moreAcknowledged]).toEqual([900, true]);
});
