// Compiles one project's TypeScript to CommonJS. Types are checked by `npm run check`, not here: a start must be quick.
import { transformFile } from '@swc/core';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const swc = {
  configFile: false,
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, useDefineForClassFields: true },
  },
  module: { type: 'commonjs', importInterop: 'swc' },
};

/** Compiles `<projectDir>/src` into `<projectDir>/dist`, specs left out. Throws on a syntax error. */
export async function build(projectDir) {
  const sourceDir = path.join(projectDir, 'src');
  const files = (await readdir(sourceDir, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !/\.(spec|contract)\.ts$/.test(file),
  );
  const outDir = path.join(projectDir, 'dist');
  await rm(outDir, { recursive: true, force: true });
  for (const file of files) {
    const { code } = await transformFile(path.join(sourceDir, file), swc);
    const target = path.join(outDir, file.replace(/\.ts$/, '.js'));
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, code);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const projectDir of process.argv.slice(2)) await build(projectDir);
}
