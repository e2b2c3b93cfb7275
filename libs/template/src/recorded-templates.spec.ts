import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TemplateError, TemplateRenderer } from './index';
import { TemplateRaisedError, TemplateSyntaxError } from './template-errors';

type Case = {
  template: string;
  values: string;
  env: Record<string, string>;
  exit: number;
  stdout: string;
  stderr: string;
};
type Recorded = { head: string; base_env: Record<string, string>; cases: Case[] };

const recorded = JSON.parse(readFileSync(path.join(__dirname, '..', 'testdata', 'stencil.json'), 'utf8')) as Recorded;
const renderer = new TemplateRenderer();
afterAll(() => renderer.close());

const duat = {
  version: '1.4.2-beta.3',
  module: 'repo',
  gitTag: '',
  gitHash: recorded.head,
  gitBranch: 'feature/42_fast-start',
  gitDir: '/repo',
  userID: '0',
  userName: 'root',
  userGroupID: '0',
};

function valuesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => [
        pair.slice(0, pair.indexOf('=')),
        pair.slice(pair.indexOf('=') + 1).replace(/^(["'])(.*)\1$/, '$2'),
      ]),
  );
}

/** The message as the recorded tool prefixed it. */
function told(error: TemplateError): string {
  if (error instanceof TemplateRaisedError) return error.message;
  const prefix =
    error instanceof TemplateSyntaxError ? 'pasing failed for template file(s)' : 'output file could not be created';
  return `${prefix}: ${error.message}`;
}

describe('every recorded template', () => {
  // One case is about the command line, not about templates; the command's own suite has it.
  const cases = recorded.cases.filter(({ exit }) => exit !== 253);

  it.each(cases.map((one, index) => [index, one.template, one] as const))('%i: %s', async (_index, _text, one) => {
    const env = { ...recorded.base_env, ...one.env };
    const rendered = renderer.render({
      template: one.template,
      data: { Env: env, duat, ...valuesOf(one.values) },
      urls: { 'duat.gitURL': 'https://github.com/acme/widget.git' },
      env,
    });
    const seen = await rendered.then(
      (output) => ({ ok: true, stdout: output.toString(), stderr: '' }),
      (error: unknown) => {
        if (!(error instanceof TemplateError)) throw error;
        return { ok: false, stdout: error.output.toString(), stderr: told(error) };
      },
    );
    expect(seen).toEqual({ ok: one.exit === 0, stdout: one.stdout, stderr: one.stderr });
  });
});
