#!/usr/bin/env node
// `npx keelson` inside the checkout. A file of its own: npm links a command when it installs, and dist/ is made after that.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
if (existsSync(main)) {
  createRequire(import.meta.url)(main);
} else {
  process.stderr.write('keelson: not built yet: run `npm start -- --help` in the checkout once\n');
  process.exitCode = 2;
}
