// `npm start -- [SOURCE...]`: prepares the checkout, then becomes `keelson up [SOURCE...]`, in this very process: signals and
// the exit status need nobody to pass them on.
import './node-version.mjs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { prepare, root } from './prepare.mjs';

prepare();
const isNpm = process.env.npm_lifecycle_event === 'start';
if (isNpm) endWithParent();
// npm changes into the package's directory; the person's paths are relative to where they called it.
if (isNpm && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
const main = path.join(root, 'apps/keelson/dist/main.js');
process.argv.splice(1, 1, main, 'up');
createRequire(import.meta.url)(main);

/** A SIGTERM to npm ends npm's shell, our parent, which tells us nothing: `up` would go on with nobody to stop it. */
function endWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}
