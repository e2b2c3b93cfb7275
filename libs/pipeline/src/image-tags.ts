import { createHash } from 'node:crypto';
import type { Plan } from './plan';

const shortCommit = 12;
const hashLength = 8;
/** A tag may have 128 characters; sequence number, commit and hyphens take up to 30 of an immutable one. */
const maxRefLength = 96;

/** Ends like a tag of ours, which the plain name of another ref must never equal. */
const looksDerived = /-(?:[0-9a-f]{8}|[0-9a-f]{12})$/;

/**
 * The tags of a run's image: an immutable `<ref>-<sequence>-<short commit>`, and the moving `<ref>`. A branch keeps its name,
 * a git tag is `tag-<name>`; where letters had to be replaced, a hash of the ref follows, so that two refs never share a tag.
 */
export function imageTags(of: Pick<Plan, 'ref' | 'sequence' | 'commit'>): { immutable: string; moving: string } {
  const moving = refTag(of.ref);
  return { immutable: `${moving}-${of.sequence}-${of.commit.slice(0, shortCommit)}`, moving };
}

function refTag(ref: string): string {
  const plain = plainName(ref);
  const fitting = plain
    .replace(/[^\w.-]/g, '-')
    .replace(/^[.-]/, '_')
    .slice(0, maxRefLength);
  const isBranch = ref.startsWith('refs/heads/');
  const isTaken = looksDerived.test(plain) || (isBranch && plain.startsWith('tag-'));
  if (fitting === plain && !isTaken) return fitting;
  const hash = createHash('sha256').update(ref).digest('hex').slice(0, hashLength);
  return `${fitting.slice(0, maxRefLength - hashLength - 1)}-${hash}`;
}

/** A ref that is neither branch nor tag keeps its full name, whose slashes are replaced: it always gets a hash. */
function plainName(ref: string): string {
  if (ref.startsWith('refs/heads/')) return ref.slice('refs/heads/'.length);
  return ref.startsWith('refs/tags/') ? `tag-${ref.slice('refs/tags/'.length)}` : ref;
}
