// For `node --require`: the process ends as by kill -9 at one chosen moment, instead of at some moment near it.
// KEELSON_E2E_DIE_AT is what to wait for: `event TYPE` (told on standard output) or `file PATTERN` (put in its place in the data directory).
const fs = require('node:fs');
const promises = require('node:fs/promises');

const [kind, text] = process.env.KEELSON_E2E_DIE_AT.split(/ (.*)/s);
const die = () => process.kill(process.pid, 'SIGKILL');

if (kind === 'event') {
  const write = process.stdout.write;
  process.stdout.write = function (chunk, ...rest) {
    if (typeof chunk === 'string' && chunk.includes(`"type":"${text}.`)) die();
    return write.call(this, chunk, ...rest);
  };
} else {
  const pattern = new RegExp(text);
  const dieAfter = (original) =>
    async function (from, to) {
      const result = await original(from, to);
      if (pattern.test(to)) die();
      return result;
    };
  for (const name of ['link', 'rename']) promises[name] = dieAfter(promises[name]);
  const renameSync = fs.renameSync;
  fs.renameSync = (from, to) => {
    renameSync(from, to);
    if (pattern.test(to)) die();
  };
}
