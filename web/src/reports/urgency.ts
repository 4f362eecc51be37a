/** Which store needs somebody first. Pure. */
import type { StoreState } from "./endpoints";

type State = Pick<StoreState, "name" | "high" | "open" | "cameras" | "live" | "waiting_since">;

/** Those with high threats first, then those that wait, the longest first, then those with silent cameras, then by name. */
export function byNeed<S extends State>(states: readonly S[]): S[] {
  const since = ({ waiting_since }: State) => waiting_since ?? "9";
  const silent = ({ cameras, live }: State) => cameras - live;
  return [...states].sort((a, b) => b.high - a.high || since(a).localeCompare(since(b)) || silent(b) - silent(a) || a.name.localeCompare(b.name));
}
