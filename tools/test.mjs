// `npm test`: prepares the checkout, then runs every suite this machine can run. Arguments go to jest.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const jest = path.join(root, 'node_modules/jest/bin/jest.js');
const done = spawnSync(process.execPath, [jest, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(done.status ?? 1);
