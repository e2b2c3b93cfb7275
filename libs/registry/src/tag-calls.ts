import { z } from 'zod';
import { discard } from './http-exchange';
import type { HttpReply } from './http-exchange';
import { formatRepository } from './image-reference';
import type { Repository } from './image-reference';
import { ImageNotFoundError, RegistryProtocolError } from './registry-errors';
import { described } from './registry-sender';
import type { RegistryCall, RegistrySender } from './registry-sender';
import { readJson } from './reply-body';

const pageSize = 1000;
const maxPages = 1000;
const maxPageBytes = 16 * 1024 * 1024;

// Distribution answers null for a repository whose tags are all deleted.
const tagPage = z.object({ tags: z.array(z.string()).nullish() });

/** One page of tags, and the query of the next one. */
export type TagPage = { tags: readonly string[]; next: string | undefined };

/** All tags, page after page. @param page reads one; given from outside, so that each can be repeated by itself */
export async function allTags(
  target: Repository,
  page: (query: string) => Promise<TagPage>,
): Promise<readonly string[]> {
  const tags = new Set<string>();
  let query: string | undefined = `?n=${pageSize}`;
  for (let pages = 0; query !== undefined; pages += 1) {
    if (pages === maxPages)
      throw new RegistryProtocolError(`${formatRepository(target)}: more than ${maxPages} pages of tags`);
    const { tags: found, next } = await page(query);
    for (const tag of found) tags.add(tag);
    if (next === query)
      throw new RegistryProtocolError(`${formatRepository(target)}: a page of tags that leads to itself`);
    query = next;
  }
  return [...tags];
}

/** @throws ImageNotFoundError when there is no such repository */
export async function tagsPage(
  sender: RegistrySender,
  { target, query, wholeMs }: { target: Repository; query: string; wholeMs: number },
  signal: AbortSignal,
): Promise<TagPage> {
  const call: RegistryCall = { method: 'GET', target, actions: 'pull', to: `tags/list${query}` };
  const reply = await sender.send(call, signal);
  if (reply.status !== 200) {
    await discard(reply);
    if (reply.status === 404) throw new ImageNotFoundError(`there is no repository ${formatRepository(target)}`);
    throw new RegistryProtocolError(`${described(call)}: ${reply.status}`);
  }
  const { tags } = await readJson(reply, { maxBytes: maxPageBytes, wholeMs, schema: tagPage }, signal);
  return { tags: tags ?? [], next: nextQuery(reply) };
}

/** RFC 8288, `<url>; rel="next"`. Only its query counts: wherever it points, the next page is asked of this very repository. */
function nextQuery(reply: HttpReply): string | undefined {
  const header = reply.headers.link;
  const match = /<([^<>]{1,4096})>\s*;[^<]*\brel="?next\b/i.exec(typeof header === 'string' ? header : '');
  const url = match?.[1];
  if (url === undefined || !URL.canParse(url, reply.url.href)) return undefined;
  return new URL(url, reply.url).search || undefined;
}
