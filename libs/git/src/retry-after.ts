const withoutHeaderMs = 60_000;
const longestMs = 86_400_000;

/**
 * How long a remote asks us to stay away: seconds or a date (RFC 9110, 10.2.3). A minute when it does not say.
 * @param now milliseconds since the epoch
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? withoutHeaderMs : Math.min(Math.max(wait, 0), longestMs);
}
