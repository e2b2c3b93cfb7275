/** Random numbers that can be had again: the seed is chosen by KEELSON_SEED, or by the clock, and is to be printed. */
export function random(): { seed: number; next: () => number } {
  const seed = Number(process.env.KEELSON_SEED ?? Date.now() % 1_000_000);
  let state = seed >>> 0;
  const next = () => {
    // mulberry32: small, and good enough to choose moments
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { seed, next };
}
