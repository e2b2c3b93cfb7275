// For `node --require`: the wall clock of this process is E2E_CLOCK_MS off as soon as the file E2E_CLOCK_WHEN is there.
// Timers and the monotonic clock go on as ever, as on a machine whose clock is set.
const { existsSync } = require('node:fs');
const { clearInterval, setInterval } = require('node:timers');

const { E2E_CLOCK_WHEN: when, E2E_CLOCK_MS: shift } = process.env;
const now = Date.now;
let offMs = 0;
const look = () => {
  if (!existsSync(when)) return;
  offMs = Number(shift);
  clearInterval(watch);
};
const watch = setInterval(look, 10).unref();
look();

Date.now = () => now() + offMs;
globalThis.Date = class extends Date {
  constructor(...args) {
    super(...(args.length === 0 ? [Date.now()] : args));
  }
};
globalThis.Date.now = Date.now;
