// Builds the template engine from go/ and writes it to sandbox/, compressed: `node libs/template/build-engine.mjs`.
// With --check it builds and compares instead: exit status 1 when what is committed is not what the source gives.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const packed = path.join(here, 'sandbox', 'engine.wasm.br');
const licences = path.join(here, 'sandbox', 'engine.licences.txt');
const record = path.join(here, 'sandbox', 'engine.json');
// What a person's environment could change in the result is set here.
const environment = {
  GOOS: 'wasip1',
  GOARCH: 'wasm',
  GOWASM: '',
  GOEXPERIMENT: '',
  GOFLAGS: '',
  GOWORK: 'off',
  GOFIPS140: 'off',
  CGO_ENABLED: '0',
};
const flags = ['-trimpath', '-buildvcs=false', '-buildmode=c-shared', '-ldflags=-s -w -buildid='];

function go(...args) {
  const done = spawnSync('go', args, {
    cwd: path.join(here, 'go'),
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status !== 0) throw new Error(`go ${args[0]} failed: ${done.error ?? `exit status ${done.status}`}`);
  return done.stdout.trim();
}

function built() {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-engine-'));
  try {
    const target = path.join(directory, 'engine.wasm');
    go('build', ...flags, '-o', target, '.');
    return readFileSync(target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The licences of all that is compiled in: who passes the engine on must pass them on. */
function licenceTexts() {
  const used = go(
    'list',
    '-deps',
    '-f',
    '{{ with .Module }}{{ if not .Main }}{{ .Path }} {{ .Version }}\t{{ .Dir }}{{ end }}{{ end }}',
    '.',
  );
  const modules = [...new Set(used.split('\n').filter((line) => line !== ''))].sort().map((line) => line.split('\t'));
  return [[go('env', 'GOVERSION'), go('env', 'GOROOT')], ...modules]
    .map(([name, directory]) => {
      const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
      return [`== ${name}`, ...files.sort().map((file) => readFileSync(path.join(directory, file), 'utf8'))].join(
        '\n\n',
      );
    })
    .join('\n\n');
}

const engine = built();
const sha256 = createHash('sha256').update(engine).digest('hex');
if (process.argv.includes('--check')) {
  const known = createHash('sha256')
    .update(brotliDecompressSync(readFileSync(packed)))
    .digest('hex');
  process.stdout.write(`source ${sha256}\ncommitted ${known}\n`);
  process.exitCode = known === sha256 ? 0 : 1;
} else {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: engine.length,
  };
  writeFileSync(packed, brotliCompressSync(engine, { params }));
  writeFileSync(licences, licenceTexts());
  writeFileSync(record, `${JSON.stringify({ go: go('env', 'GOVERSION'), sha256 }, undefined, 2)}\n`);
}
