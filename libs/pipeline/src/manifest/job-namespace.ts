import { createHash } from 'node:crypto';

const maxLength = 63;
const hashLength = 8;

/**
 * The namespace of one stage of one run: `gw-<version>-<hash>`, always one that a cluster takes, and never that of another.
 * @param version as the README has it: `1.2.3-feature-42-aaaagjihgjw`
 */
export function jobNamespace(version: string, { run, stage }: { run: string; stage: string }): string {
  const hash = createHash('sha256').update(`${run} ${stage}`).digest('hex').slice(0, hashLength);
  const readable = version
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxLength - hashLength - 'gw--'.length)
    .replace(/^-+|-+$/g, '');
  return ['gw', readable, hash].filter((part) => part !== '').join('-');
}
