import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { TemplateRenderer } from '@keelson/template';
import type { Figure, Workplace } from '../figure';
import { quantile, timed } from '../statistics';

const root = path.join(__dirname, '..', '..');
const renders = 60;

const data = {
  ID: 'calm-otter-42',
  Namespace: 'gw-1.2.3',
  Dir: '/source',
  Commit: '3f2a9c1',
  URL: 'https://git.example/widget',
};

export const render: Figure = {
  name: 'render',
  title: 'a Job template in the sandbox, beside the same renderer compiled for this machine',
  limitSeconds: 150,
  async measure(place) {
    const native = buildNative(place);
    if (native === undefined) return { skipped: 'there is no go on this machine' };
    const template = await readFile(
      path.join(root, 'e2e/cluster/testdata/template-project/ci/containerize.yaml'),
      'utf8',
    );
    const text = jobTemplate(template);
    const renderer = new TemplateRenderer();
    place.defer(() => renderer.close());
    const ours = () => timed(() => renderer.render({ template: text, data }));
    place.tell('the first render starts the sandbox');
    const first = (await ours()).ms;
    const program = new Native(native, text);
    place.defer(() => program.end());
    const times: { ours: number[]; native: number[]; process: number[] } = { ours: [], native: [], process: [] };
    for (let count = 0; count < renders; count += 1) {
      times.ours.push((await ours()).ms);
      times.native.push(await program.render());
      if (count % 3 === 0) times.process.push((await timed(() => once(native, text))).ms);
    }
    const sandboxed = quantile(times.ours, 0.5);
    const compiled = quantile(times.native, 0.5);
    const whole = quantile(times.process, 0.5);
    return {
      measures: [
        { name: 'sandbox, first render, with its start', value: first, unit: 'ms' },
        { name: 'sandbox, kept alive, p50', value: sandboxed, unit: 'ms' },
        { name: 'native, in a process kept alive, p50', value: compiled, unit: 'ms' },
        { name: 'native, a process for each, as a script calls it, p50', value: whole, unit: 'ms' },
        { name: 'sandbox to native', value: sandboxed / compiled, unit: 'x' },
        { name: 'sandbox to a native process for each', value: sandboxed / whole, unit: 'x' },
      ],
      notes: [`${renders} renders of a template of ${text.length} bytes, in turns`],
    };
  },
};

/** The e2e project's own template asks for files and variables of a run: its text is kept, what it asks for is not. */
const jobTemplate = (text: string): string =>
  text.replace(/\{\{[^}]*\}\}/g, '{{ .ID | upper | trunc 12 }}-{{ randAlphaNum 4 }}-{{ now | date "2006" }}');

function buildNative(place: Workplace): string | undefined {
  const program = path.join(place.directory, 'native');
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  place.tell('compiling the native renderer');
  execFileSync('go', ['build', '-o', program, '.'], { cwd: path.join(root, 'libs/template/go'), stdio: 'pipe' });
  return program;
}

const requestOf = (text: string): string =>
  `${JSON.stringify({ header: { name: 'job', data, urls: {}, env: {}, timeZone: 'UTC' }, text })}\n`;

const once = (program: string, text: string): string =>
  execFileSync(program, { input: requestOf(text), encoding: 'utf8' });

/** The native renderer kept alive: one line in, the time it took out. */
class Native {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(
    program: string,
    readonly text: string,
  ) {
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async render(): Promise<number> {
    this.#child.stdin?.write(requestOf(this.text));
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the native renderer ended');
    return Number(value) / 1_000_000;
  }

  end(): void {
    this.#child.kill();
  }
}
