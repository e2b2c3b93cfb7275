import { buildStrategy } from './build-section';
import type { BuildStrategy } from './build-section';
import type { Fault } from './fault';
import { knownKeys } from './pipeline';
import { templateFaults } from './template-rules';
import { entryAt, keyPlace } from './written';
import type { Written } from './written';

const dockerfileKeys = ['dockerfile', 'context', 'target', 'args', 'cache', 'push'];

/** What each strategy reads. A key that nobody reads would only look as if it did something. */
const readBy: Readonly<Record<BuildStrategy, readonly string[]>> = {
  append: [],
  buildkit: [...dockerfileKeys, 'platforms', 'labels', 'secrets'],
  kaniko: [...dockerfileKeys, 'labels'],
  makisu: dockerfileKeys,
  template: ['template'],
};

/** Faults between keys. Judged by what is written, so that they are found beside the faults of single values. */
export const keyFaults = (root: Written): readonly Fault[] => [
  ...buildFaults(root),
  ...baseFaults(root),
  ...onBaseFaults(root),
  ...cacheFaults(root),
  ...argumentFaults(root),
  ...testFaults(root),
  ...templateFaults(root, strategyOf(root)),
];

/** Undefined for one that there is not. */
function strategyOf(root: Written): BuildStrategy | undefined {
  const written = entryAt(root, ['build', 'strategy'])?.written.value;
  return buildStrategy.safeParse(written ?? 'append').data;
}

function buildFaults(root: Written): readonly Fault[] {
  const build = entryAt(root, ['build'])?.written.entries;
  if (build === undefined) return [];
  const strategy = strategyOf(root);
  if (strategy === undefined) return [];
  const faults = [...build].flatMap(([key, { keyAt }]): Fault[] => {
    const name = String(key);
    if (name === 'strategy' || !knownKeys(['build']).includes(name) || readBy[strategy].includes(name)) return [];
    const readers = buildStrategy.options.filter((option) => readBy[option].includes(name)).join(', ');
    const message = `build.${name} is not read by the strategy ${strategy}`;
    return [{ ...keyAt, path: `build.${name}`, message, hint: `it belongs to build.strategy: ${readers}` }];
  });
  if (strategy === 'template' && !build.has('template')) {
    const at = keyPlace(root, ['build', 'strategy']);
    faults.push({
      ...at,
      path: 'build.template',
      message: 'build.template is missing: the strategy template renders it',
    });
  }
  return faults;
}

/** A base that no Dockerfile reads would only look as if it did something. */
function baseFaults(root: Written): readonly Fault[] {
  const base = entryAt(root, ['image', 'base']);
  const strategy = strategyOf(root);
  if (base === undefined || strategy === undefined || !readBy[strategy].includes('dockerfile')) return [];
  const message = `image.base is not read by the strategy ${strategy}`;
  return [{ ...base.keyAt, path: 'image.base', message, hint: 'the Dockerfile says it, by FROM' }];
}

/** Of what a template builds nobody knows the base. */
function onBaseFaults(root: Written): readonly Fault[] {
  const onBase = entryAt(root, ['onBase']);
  const value = onBase?.written.value;
  if (onBase === undefined || (value !== 'rebuild' && value !== 'report') || strategyOf(root) !== 'template') return [];
  const message = `onBase: ${value} is not read by the strategy template`;
  return [{ ...onBase.keyAt, path: 'onBase', message, hint: 'only the template knows what it builds on' }];
}

/** Makisu takes `name=value` apart at each equals sign, and refuses what has three parts. */
function argumentFaults(root: Written): readonly Fault[] {
  const args = entryAt(root, ['build', 'args'])?.written.entries;
  if (args === undefined || strategyOf(root) !== 'makisu') return [];
  return [...args].flatMap(([name, { keyAt, written }]): Fault[] => {
    if (!String(written.value).includes('=')) return [];
    const path = `build.args.${String(name)}`;
    return [{ ...keyAt, path, message: `${path} holds an =, which the strategy makisu cannot read` }];
  });
}

/** A cache in the image itself is BuildKit's; without any there is nothing to compare. */
function cacheFaults(root: Written): readonly Fault[] {
  const mode = entryAt(root, ['build', 'cache', 'mode']);
  const verify = entryAt(root, ['build', 'cache', 'verify']);
  if (mode?.written.value === 'none' && verify !== undefined) {
    const message = 'build.cache.verify is not read beside build.cache.mode: none';
    return [{ ...verify.keyAt, path: 'build.cache.verify', message, hint: 'there is no cache to find wrong' }];
  }
  const strategy = strategyOf(root);
  if (mode?.written.value !== 'inline' || strategy === undefined || strategy === 'buildkit') return [];
  const message = `build.cache.mode: inline is not read by the strategy ${strategy}`;
  return [{ ...mode.keyAt, path: 'build.cache.mode', message, hint: 'it belongs to build.strategy: buildkit' }];
}

function testFaults(root: Written): readonly Fault[] {
  const test = entryAt(root, ['test']);
  if (test === undefined || !isMapping(test.written.value)) return [];
  const { entries } = test.written;
  const at = { ...keyPlace(root, ['test', 'command']), path: 'test.command' };
  if (!entries.has('command') && !entries.has('template')) {
    return [{ ...at, message: 'test.command is missing', hint: 'it is a list, like command: ["./ci.sh"]' }];
  }
  if (!entries.has('command') || !entries.has('template')) return [];
  return [{ ...at, message: 'test.command and test.template exclude each other' }];
}

const isMapping = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
