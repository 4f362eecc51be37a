import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { lookAgain } from "./queries";

it("what is under way is asked about again, and not after an error", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const every = lookAgain<{ done: boolean }>(1_000, ({ done }) => !done);
  const intervalAfter = async (answer: () => { done: boolean }) => {
    await client.fetchQuery({ queryKey: ["it"], queryFn: answer }).catch(() => null);
    const query = client.getQueryCache().find<{ done: boolean }>({ queryKey: ["it"] });
    return query && every(query);
  };
  expect(await intervalAfter(() => ({ done: false }))).toBe(1_000);
  const fails = () => {
    throw new Error("no");
  };
  expect(await intervalAfter(fails)).toBe(false);
  expect(await intervalAfter(() => ({ done: false }))).toBe(1_000);
  expect(await intervalAfter(() => ({ done: true }))).toBe(false);
});
