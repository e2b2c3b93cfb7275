import type { BuildStrategy } from './build-section';
import type { Fault } from './fault';
import { knownKeys } from './pipeline';
import { entryAt, keyPlace } from './written';
import type { Written } from './written';

/** Of `test` what a template leaves to Keelson; all else is in the template. */
const readBesideTemplate = ['template', 'timeout', 'command'];

/** Faults between the keys of an image that a template makes, or of a template that is the test. */
export const templateFaults = (root: Written, strategy: BuildStrategy | undefined): readonly Fault[] => [
  ...imageFaults(root, strategy),
  ...testFaults(root),
];

function imageFaults(root: Written, strategy: BuildStrategy | undefined): readonly Fault[] {
  if (strategy === undefined) return [];
  if (strategy !== 'template') {
    return unread(root, ['tag'], { why: `the strategy ${strategy}`, hint: 'it belongs to build.strategy: template' });
  }
  const why = 'the strategy template';
  const unreadKeys = unread(root, ['base', 'workdir', 'git'], {
    why,
    hint: 'the template says what the image is made of',
  });
  const test = entryAt(root, ['test'])?.written.value;
  if (entryAt(root, ['image', 'name']) !== undefined) return unreadKeys;
  const tag = unread(root, ['tag'], { why: 'anybody', hint: 'it belongs to image.name' });
  if (test === undefined || test === 'none') return [...unreadKeys, ...tag];
  const message = 'image.name is missing: without it the run ends at the build, and the test would never run';
  const hint = 'name the image that the template pushes, or write test: none';
  return [...unreadKeys, ...tag, { ...keyPlace(root, ['image', 'name']), path: 'image.name', message, hint }];
}

function unread(root: Written, keys: readonly string[], { why, hint }: { why: string; hint: string }): Fault[] {
  return keys.flatMap((key) => {
    const entry = entryAt(root, ['image', key]);
    if (entry === undefined) return [];
    const path = `image.${key}`;
    return [{ ...entry.keyAt, path, message: `${path} is not read by ${why}`, hint }];
  });
}

function testFaults(root: Written): readonly Fault[] {
  const test = entryAt(root, ['test'])?.written.entries;
  if (test?.has('template') !== true) return [];
  return [...test].flatMap(([key, { keyAt }]): Fault[] => {
    const name = String(key);
    if (!knownKeys(['test']).includes(name) || readBesideTemplate.includes(name)) return [];
    const message = `test.${name} is not read beside test.template`;
    return [{ ...keyAt, path: `test.${name}`, message, hint: 'write it into the template' }];
  });
}
