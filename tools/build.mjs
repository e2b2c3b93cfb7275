// Compiles one project's TypeScript to CommonJS. Types are checked by `npm run check`, not here: a start must be quick.
import { transformFile } from '@swc/core';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
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
  const targets = new Set();
  for (const file of files) {
    const { code } = await transformFile(path.join(sourceDir, file), swc);
    const target = path.join(outDir, file.replace(/\.ts$/, '.js'));
    targets.add(target);
    await mkdir(path.dirname(target), { recursive: true });
    const fresh = `${target}.new-${process.pid}`;
    await writeFile(fresh, code);
    await rename(fresh, target);
  }
  // Only now: a process that runs from here loads some of its files late.
  for (const file of await readdir(outDir, { recursive: true, withFileTypes: true })) {
    const target = path.join(file.parentPath, file.name);
    if (file.isFile() && target.endsWith('.js') && !targets.has(target)) await rm(target, { force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const projectDir of process.argv.slice(2)) await build(projectDir);
}
