// `npm run bench [-- NAME...] [--json FILE]`: prepares the checkout, then measures.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { prepare, root } from '../tools/prepare.mjs';

prepare();
const parameters = ['-r', path.join(root, 'bench/register.cjs'), path.join(root, 'bench/main.ts')];
// Ctrl-C reaches the whole group: the measuring process ends what it started, and this one tells how that went.
process.on('SIGINT', () => undefined);
const done = spawnSync(process.execPath, [...parameters, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(done.status ?? 1);
