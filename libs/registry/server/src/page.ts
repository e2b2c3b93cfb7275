import type { OutgoingHttpHeaders } from 'node:http';
import { DistributionError } from './distribution-error';
import type { Exchange } from './exchange';

/** The part of a list that `n` and `last` ask for, in lexical order; letters count the same in either case (distribution-spec, listing tags). */
export function page(
  { query }: Exchange,
  all: readonly string[],
  path: string,
): { entries: readonly string[]; headers: OutgoingHttpHeaders } {
  const limit = limitOf(query);
  const last = query.get('last');
  const behind = all.filter((entry) => last === null || lexical(entry, last) > 0).sort(lexical);
  const entries = behind.slice(0, limit);
  const end = entries.at(-1);
  const more = end !== undefined && entries.length < behind.length;
  return { entries, headers: more ? nextLink(path, { n: String(limit), last: end }) : {} };
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('n');
  if (text === null) return Infinity;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DistributionError(400, {
    code: 'PAGINATION_NUMBER_INVALID',
    message: `n=${text} is no number of entries`,
  });
}

function lexical(a: string, b: string): number {
  return compare(a.toLowerCase(), b.toLowerCase()) || compare(a, b);
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The header that tells where a list goes on. */
export const nextLink = (path: string, parameters: Record<string, string>): OutgoingHttpHeaders => ({
  Link: `<${path}?${new URLSearchParams(parameters).toString()}>; rel="next"`,
});
