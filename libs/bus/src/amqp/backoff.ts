const firstMs = 100;
const longestMs = 5_000;

/** How long to wait before the nth try: longer each time, and never the same for all who lost the same broker. @param random from 0 to 1 */
export function backoffMs(tries: number, random: () => number = Math.random): number {
  return Math.min(firstMs * 2 ** Math.min(tries, 20), longestMs) * (0.5 + random() / 2);
}
