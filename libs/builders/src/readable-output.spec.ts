import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { StrategyName } from './builder-settings';
import { readableOutput } from './readable-output';

function shown(tool: StrategyName, name: string): string[] {
  const readable = readableOutput(tool);
  const text = readFileSync(path.join(__dirname, 'testdata', `${tool}.${name}.log`), 'utf8');
  return text
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((line) => [...readable.lines(line)]);
}

describe("a builder's output for people", () => {
  it('tells each step of BuildKit once, with what it printed', () => {
    const lines = shown('buildkit', 'failing-run');
    expect(lines.some((line) => line.startsWith('{'))).toBe(false);
    const step = '[2/2] RUN echo before && sh -c "echo oops >&2; exit 3"';
    expect(lines.filter((line) => line === step)).toHaveLength(1);
    expect(lines.slice(lines.indexOf(step), lines.indexOf(step) + 3)).toEqual([step, 'before', 'oops']);
    expect(lines.at(-1)).toMatch(/^error: failed to solve: .* exit code: 3$/);
  });

  it('tells what came from the cache', () => {
    expect(shown('buildkit', 'warm-unchanged')).toContain('[build 3/6] COPY go.mod ./ (cached)');
  });

  it.each(['kaniko', 'makisu'] as const)('tells the messages of %s, and what commands print as it is', (tool) => {
    const lines = shown(tool, 'failing-run');
    expect(lines.some((line) => line.startsWith('{'))).toBe(false);
    expect(lines).toEqual(expect.arrayContaining(['before', 'oops'])); // also what went to its standard error
    expect(lines.at(-1)).toMatch(/^error.*exit status 3$/);
  });
});
