import { formatImageReference, InvalidReferenceError, parseImageReference } from '@keelson/registry';
import type { ImageReference } from '@keelson/registry';
import { UsageError } from '../usage-error';

/** One image to bring, and the name it is to have. */
export type ToMirror = { from: ImageReference; to: ImageReference };

/**
 * Reads a list: an image on each line, and behind it another name where it is not to keep its own below the prefix. `#` begins a comment.
 * @throws UsageError that names every line which cannot be meant
 */
export function parseMirrorList(text: string, prefix: string | undefined): readonly ToMirror[] {
  const faults: string[] = [];
  const images = new Map<string, ToMirror & { line: number }>();
  for (const [index, written] of text.split(/\r?\n/).entries()) {
    const [from, to, ...more] = written
      .replace(/(?:^|\s)#.*$/, '')
      .trim()
      .split(/\s+/);
    if (from === undefined || from === '') continue;
    const line = index + 1;
    try {
      if (more.length > 0) throw new InvalidReferenceError('there is more than an image and its new name');
      const image = { ...imageOf(from, { to, prefix }), line };
      const target = formatImageReference(image.to);
      const other = images.get(target);
      if (other !== undefined && formatImageReference(other.from) !== formatImageReference(image.from))
        throw new InvalidReferenceError(`it would be ${target}, as that of line ${other.line} is`);
      images.set(target, image);
    } catch (error) {
      if (!(error instanceof InvalidReferenceError)) throw error;
      faults.push(`line ${line}: ${error.message}`);
    }
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return [...images.values()].map(({ from, to }) => ({ from, to }));
}

function imageOf(from: string, { to, prefix }: { to: string | undefined; prefix: string | undefined }): ToMirror {
  const source = parseImageReference(from);
  if (to !== undefined) return { from: source, to: renamed(to, source) };
  if (prefix === undefined) throw new InvalidReferenceError('where to? Give --to, or a second name behind the first');
  const { tag, digest, repository } = source;
  // A tag beside a digest is kept: the digest says what is copied, the tag is how it is called there.
  const name = tag === undefined ? `@${digest}` : `:${tag}`;
  return { from: source, to: parseImageReference(`${prefix}/${repository}${name}`) };
}

/** A new name without tag and digest has those of the source. */
function renamed(to: string, source: ImageReference): ImageReference {
  const isWhole = /[:@][^/]*$/.test(to);
  const name = source.tag === undefined ? `@${source.digest}` : `:${source.tag}`;
  return parseImageReference(isWhole ? to : `${to}${name}`);
}
