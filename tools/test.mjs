// `npm test`: prepares the checkout, finds the real servers, then runs every suite this machine can run. Arguments go to jest.
// Suites named *.alone.spec.ts need those servers to themselves: they run one by one after all others.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';
import { findTestbed } from './testbed.mjs';

prepare();
process.chdir(root);
const jest = path.join(root, 'node_modules/jest/bin/jest.js');
const variables = findTestbed();
const directory = mkdtempSync(path.join(tmpdir(), 'keelson-tests-'));
const serverLogs = path.join(directory, 'servers');
mkdirSync(serverLogs);

/** @returns the exit status of jest, and its counts: one failure when it ended without any */
async function run(suites) {
  const counts = path.join(directory, suites);
  const own = { KEELSON_SUITES: suites, KEELSON_COUNTS: counts, KEELSON_SERVER_LOGS: serverLogs };
  const env = { ...process.env, ...variables, ...own };
  // Node 20 may wait for ever for a socket of a server that is gone, once jest has ended: what suites leave open shows without it.
  const flags = ['--passWithNoTests', '--forceExit'];
  const child = spawn(process.execPath, [jest, ...flags, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env,
  });
  const passOn = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, passOn);
  const status = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, passOn);
  const lines = existsSync(counts) ? readFileSync(counts, 'utf8').trim().split('\n') : [];
  const failures = status === 0 ? [] : [`failed: jest ended with ${status} before it could say why`];
  const unexplained = { passed: 0, failed: failures.length, skipped: 0, failures };
  return { status, counts: lines.length === 0 ? [unexplained] : lines.map((line) => JSON.parse(line)) };
}

const runs = [await run('together'), await run('alone')];
rmSync(directory, { recursive: true });
const counted = runs.flatMap(({ counts }) => counts);
const sum = (name) => counted.reduce((total, counts) => total + counts[name], 0);
if (sum('passed') + sum('failed') + sum('skipped') === 0) {
  process.stderr.write(`keelson: no test matches: ${process.argv.slice(2).join(' ')}\n`);
  process.exitCode = 1;
}
for (const failure of counted.flatMap(({ failures }) => failures)) process.stdout.write(`\n${failure}\n`);
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
if (runs.some(({ status }) => status !== 0)) process.exitCode = 1;
