// Finds the real servers for the tests, and starts them where they are installed. See docs/testbed.md.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from './prepare.mjs';

const program = path.join(root, 'testbed', 'testbed');
const say = (line) => process.stderr.write(`keelson: ${line}\n`);

/** @returns the variables that the environment does not have yet; none where there are no servers, which is said. Ends the process where CI needs them. */
export function findTestbed() {
  if (Object.keys(process.env).some((name) => /^TESTBED_(?!HOME$)/.test(name))) return {};
  if (process.getuid?.() !== 0 || spawnSync(program, ['installed']).status !== 0) {
    return without(
      'RabbitMQ, MinIO and Kubernetes are not set up here: the suites on them are skipped; see docs/testbed.md',
    );
  }
  say('starting the testbed');
  const up = spawnSync(program, ['up'], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (up.status !== 0) return without('the testbed did not start: the suites on real servers are skipped');
  if (spawnSync(program, ['images'], { stdio: 'inherit' }).status !== 0)
    say('the stand-ins for base images could not be made: the suites that use them fail; see docs/testbed.md');
  if (spawnSync(program, ['rabbitmq4'], { stdio: 'inherit' }).status !== 0)
    say('there is no RabbitMQ 4: the suites on it are skipped; see docs/testbed.md');
  return Object.fromEntries(
    Array.from(up.stdout.matchAll(/^export (\w+)=(.*)$/gm), ([, name, value]) => [name, value]),
  );
}

function without(why) {
  say(why);
  if (process.env.KEELSON_TESTBED === 'required') process.exit(1);
  return {};
}
