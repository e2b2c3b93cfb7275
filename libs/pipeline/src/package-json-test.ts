import { z } from 'zod';
import { shell } from './test-finders';
import type { Files, FoundTest } from './test-finders';

const manifest = z.object({
  scripts: z.record(z.string(), z.unknown()).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
  devDependencies: z.record(z.string(), z.unknown()).optional(),
});

/** What `npm init` writes where there is no test: it only fails. */
const noTest = 'no test specified';

/** The test script of package.json. A commit holds no node_modules, so what it depends on is installed first. */
export async function packageJsonTest(files: Files): Promise<FoundTest | undefined> {
  const text = files.listing.includes('package.json') ? await files.read('package.json') : undefined;
  const found = text === undefined ? undefined : manifest.safeParse(parsedJson(text)).data;
  const script = found?.scripts?.test;
  if (found === undefined || typeof script !== 'string' || script.includes(noTest)) return undefined;
  const isAlone = [found.dependencies, found.devDependencies].every((needs) => Object.keys(needs ?? {}).length === 0);
  const { install, test } = packageManager(files.listing);
  return {
    because: 'the test script in package.json',
    command: isAlone ? test : shell(`${install} && ${test.join(' ')}`),
  };
}

function packageManager(listing: readonly string[]): { install: string; test: readonly string[] } {
  if (listing.includes('pnpm-lock.yaml')) return { install: 'pnpm install --frozen-lockfile', test: ['pnpm', 'test'] };
  if (listing.includes('yarn.lock')) return { install: 'yarn install --frozen-lockfile', test: ['yarn', 'test'] };
  const isLocked = listing.includes('package-lock.json') || listing.includes('npm-shrinkwrap.json');
  return { install: isLocked ? 'npm ci' : 'npm install', test: ['npm', 'test'] };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined; // then it suggests nothing
  }
}
