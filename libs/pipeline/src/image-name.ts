import { createHash } from 'node:crypto';
import type { Pipeline } from './pipeline';

/** A repository may have 255 characters with its registry, and others are derived from this one. */
const maxLength = 100;

/**
 * Where the run's image goes, below the registry: `image.name`, else the last part of the source's path or URL in the letters
 * that a repository may have. @param source an absolute path, or a URL without credentials
 */
export const imageName = (pipeline: Pick<Pipeline, 'image'>, source: string): string =>
  pipeline.image.name ?? repositoryName(source);

function repositoryName(source: string): string {
  // The colon divides host:path; a bare repository is widget.git, and that of a working copy widget/.git.
  const parts = source.split(/[/:\\]/).filter((part) => part !== '' && part !== '.git');
  const last = (parts.at(-1) ?? '').replace(/\.git$/i, '').toLowerCase();
  const name = last
    .replace(/[^a-z0-9]+/g, (separator) => (/^(?:\.|__?|-+)$/.test(separator) ? separator : '-'))
    .slice(0, maxLength)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return name === '' ? `source-${createHash('sha256').update(source).digest('hex').slice(0, 8)}` : name;
}
