import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { testWhere } from '@keelson/testbed';

const project = path.join(__dirname, '..');
const recorded = JSON.parse(readFileSync(path.join(project, 'sandbox', 'engine.json'), 'utf8')) as {
  go: string;
  sha256: string;
};

/** Why the engine cannot be built here, if it cannot: another Go makes another file of the same source. */
function obstacle(): string | undefined {
  const inGo = { cwd: path.join(project, 'go'), encoding: 'utf8', timeout: 60_000 } as const;
  const version = spawnSync('go', ['env', 'GOVERSION'], inGo);
  if (version.status !== 0) return 'Go is not installed';
  if (version.stdout.trim() !== recorded.go)
    return `Go is ${version.stdout.trim()}, the engine is built by ${recorded.go}`;
  const modules = spawnSync('go', ['mod', 'download'], inGo);
  return modules.status === 0 ? undefined : `the Go modules cannot be had: ${modules.stderr.trim()}`;
}

describe('the committed engine', () => {
  it('is the one that is recorded beside it', () => {
    const engine = brotliDecompressSync(readFileSync(path.join(project, 'sandbox', 'engine.wasm.br')));
    expect(createHash('sha256').update(engine).digest('hex')).toBe(recorded.sha256);
  });

  testWhere(obstacle())(
    'is what its source gives',
    () => {
      const check = spawnSync(process.execPath, ['build-engine.mjs', '--check'], { cwd: project, encoding: 'utf8' });
      expect({ status: check.status, told: `${check.stdout}${check.stderr}` }).toEqual({
        status: 0,
        told: `source ${recorded.sha256}\ncommitted ${recorded.sha256}\n`,
      });
    },
    600_000, // Go compiles its library first where it never did; later builds come from its cache
  );
});
