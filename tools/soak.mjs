// `npm run soak`: the long form of e2e/cluster/soak.alone.spec.ts, on the testbed's servers.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';
import { findTestbed } from './testbed.mjs';

const usage = `usage: npm run soak [-- OPTIONS]
  --changes N        how many commits are pushed; 1000 by default
  --repositories N   over how many repositories; 50 by default
  --seed N           of the random moments, as an earlier soak printed it; by default another one each time`;

/** @returns the variables for the suite, or undefined when an option is wrong */
function variablesOf(args) {
  const number = { type: 'string' };
  try {
    const { values } = parseArgs({
      args,
      options: { changes: { ...number, default: '1000' }, repositories: { ...number, default: '50' }, seed: number },
    });
    if (!Object.values(values).every((value) => /^[1-9]\d{0,6}$/.test(value))) return undefined;
    if (Number(values.changes) < Number(values.repositories)) return undefined; // each has a first commit
    const seed = values.seed === undefined ? {} : { KEELSON_SEED: values.seed };
    return { E2E_SOAK_CHANGES: values.changes, E2E_SOAK_REPOSITORIES: values.repositories, ...seed };
  } catch {
    return undefined;
  }
}

const variables = variablesOf(process.argv.slice(2));
if (variables === undefined) {
  process.stderr.write(`${usage}\n  (numbers from 1; at least as many changes as repositories)\n`);
  process.exit(2);
}
prepare();
const env = { ...process.env, KEELSON_TESTBED: 'required', ...findTestbed(), ...variables };
const suite = 'e2e/cluster/soak.alone.spec.ts';
const child = spawn(process.execPath, [path.join(root, 'node_modules/jest/bin/jest.js'), suite], {
  ...{ cwd: root, stdio: 'inherit', env },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => process.exit(code ?? 1));
