import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './figure';
import { isMet } from './figure';
import { figures } from './figures';
import { machineFacts } from './machine-facts';
import { measureApart } from './measure-apart';
import type { FigureResult } from './result';
import { table } from './table';

const usage = `npm run bench [-- NAME...] [--json FILE]\n${figures.map(({ name, title }) => `  ${name}: ${title}\n`).join('')}`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'string' }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const chosen = figuresOf(positionals);
  if (values.help || chosen === undefined) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const machine = machineFacts(path.dirname(__dirname));
  const facts = Object.entries(machine).map(([fact, value]) => `${fact} ${String(value)}`);
  process.stdout.write(`${facts.join(' · ')}\n\n`);
  const results: FigureResult[] = [];
  for (const figure of chosen) {
    const result = await measureApart(figure);
    results.push(result);
    process.stdout.write(`${table(result)}\n`);
    if (values.json !== undefined) write(values.json, { machine, figures: results });
  }
  return results.some(({ outcome }) => 'failed' in outcome) ? 1 : 0;
}

/** Undefined when one of the names is none. */
function figuresOf(names: readonly string[]): readonly Figure[] | undefined {
  if (names.length === 0) return figures;
  const known = names.map((name) => figures.find((figure) => figure.name === name));
  return known.every((figure) => figure !== undefined) ? known : undefined;
}

/** For machines: the same numbers, each aim with whether it was met. npm changes directories: the path is the caller's. */
function write(file: string, run: { machine: object; figures: readonly FigureResult[] }): void {
  const told = run.figures.map(({ name, title, outcome }) => ({
    ...{ name, title, ...outcome },
    ...('measures' in outcome
      ? {
          measures: outcome.measures.map((measure) =>
            measure.aim === undefined ? measure : { ...measure, met: isMet(measure) },
          ),
        }
      : {}),
  }));
  const target = path.resolve(process.env.INIT_CWD ?? process.cwd(), file);
  writeFileSync(target, `${JSON.stringify({ ...run, figures: told }, undefined, 2)}\n`);
}

main()
  .then((status) => {
    process.exitCode = status;
  })
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  });
