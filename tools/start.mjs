// `npm start -- [SOURCE...]`: prepares the checkout, then becomes `keelson up [SOURCE...]`, in this very process: signals and
// the exit status need nobody to pass them on.
import './node-version.mjs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
// npm changes into the package's directory; the person's paths are relative to where they called it.
if (process.env.npm_lifecycle_event === 'start' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
const main = path.join(root, 'apps/keelson/dist/main.js');
process.argv.splice(1, 1, main, 'up');
createRequire(import.meta.url)(main);
