import type { Workplace } from './figure';
import { figures } from './figures';
import type { Outcome } from './result';

// The process that measures one figure: `apart.ts NAME DIRECTORY`, started by measure-apart.ts.

async function measure(name: string, directory: string): Promise<Outcome> {
  const figure = figures.find((one) => one.name === name);
  if (figure === undefined) return { failed: `there is no figure ${name}` };
  const closers: (() => unknown)[] = [];
  const place: Workplace = {
    directory,
    defer: (close) => closers.push(close),
    tell: (what) => process.stderr.write(`bench ${name}: ${what}\n`),
  };
  try {
    return await figure.measure(place);
  } catch (error) {
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const [name = '', directory = ''] = process.argv.slice(2);
void measure(name, directory).then((outcome) => {
  process.send?.(outcome, () => process.disconnect());
});
