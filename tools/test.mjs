// `npm test`: prepares the checkout, then runs every suite this machine can run. Arguments go to jest.
import { createRequire } from 'node:module';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
process.chdir(root);
const jest = path.join(root, 'node_modules/jest/bin/jest.js');
process.argv.splice(1, 1, jest);
createRequire(import.meta.url)(jest);
