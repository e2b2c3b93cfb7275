import { createHash } from 'node:crypto';

const maxLength = 63;
const hashLength = 8;

/**
 * The namespace of one stage of one run: `gw-<version>-<hash>`, always one that a cluster takes, and never that of another.
 * @param version as the README has it: `1.2.3-feature-42-aaaagjihgjw`
 */
export function jobNamespace(version: string, { run, stage }: { run: string; stage: string }): string {
  const hash = hashOf(`${run} ${stage}`);
  const readable = version
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxLength - hashLength - 'gw--'.length)
    .replace(/^-+|-+$/g, '');
  return ['gw', readable, hash].filter((part) => part !== '').join('-');
}

/** Another namespace for the same objects: another attempt may find the first one still there, kept or on its way out. */
export const otherNamespace = (name: string, { run, attempt }: { run: string; attempt: number }): string =>
  `${name.slice(0, -hashLength)}${hashOf(`${name} ${run} ${attempt}`)}`;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, hashLength);
