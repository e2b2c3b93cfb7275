const maxMs = 24 * 60 * 60 * 1000;

/** How long Retry-After asks to wait, in milliseconds, a day at most. Undefined when it is missing or malformed. RFC 9110 section 10.2.3 */
export function retryAfterMs(header: string | string[] | undefined, nowMs: number = Date.now()): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  const ms = /^[0-9]{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxMs);
}
