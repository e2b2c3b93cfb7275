// `npm start -- [SOURCE...]`: prepares the checkout, then becomes `keelson up [SOURCE...]`.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (!(major === 20 ? minor >= 19 : major > 22 || (major === 22 && minor >= 12))) {
  process.stderr.write(
    `keelson: Node ${process.versions.node} is too old; it needs 20.19 or later, or 22.12 or later\n`,
  );
  process.exit(2);
}
prepare();
const child = spawn(process.execPath, [path.join(root, 'apps/keelson/dist/main.js'), 'up', ...process.argv.slice(2)], {
  // npm changes into the package's directory; the user's paths are relative to where they called it
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to the whole group, so the command has it already; a signal sent to us alone is passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
