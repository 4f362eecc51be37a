/** How long to wait before the next try: doubling, capped, with jitter so that many pages do not come back at once. */
export function backoffMs(attempt: number, random: number, firstMs = 500, mostMs = 15_000): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling * (0.5 + random / 2));
}
