/** Reads on a network at once: one after the other they would take as long as there are many. */
const atOnce = 32;

/** What the work gives for each item, in their order; some of them are in work at once. @throws the first error */
export async function someAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const takeTurns = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeTurns));
  return results;
}
