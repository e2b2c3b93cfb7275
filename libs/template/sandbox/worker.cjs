// The thread in which templates run. It gives the module a WASI in which there is nothing: no files, no environment, no network;
// only clocks, randomness and the request. Our own, since node:wasi warns on the terminal and can open files.
// Plain JavaScript: a worker is started from a file, and the sources run both compiled and under the test runner.
'use strict';
const { createHash, randomFillSync } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const { WebAssembly } = globalThis;

const errno = { success: 0, badFile: 8, notSupported: 52 };
const stderrLimit = 65_536;

/** The module called proc_exit: its runtime gave up. */
class ModuleExit extends Error {}

/** What one render may see and what it has made so far. */
let current;
let live;
const module_ = workerData.module ?? new WebAssembly.Module(workerData.wasm);

const bytes = (start, length) => new Uint8Array(live.exports.memory.buffer, start >>> 0, length >>> 0);
const view = () => new DataView(live.exports.memory.buffer);

/** Endless bytes that follow from the seed alone. */
function seededRandom(seed) {
  let counter = 0;
  return (target) => {
    for (let at = 0; at < target.length; at += 32) {
      const block = createHash('sha256').update(`${seed}:${counter++}`).digest();
      target.set(block.subarray(0, Math.min(32, target.length - at)), at);
    }
  };
}

/** With a seed every reading is the last one and a microsecond: what runs is then a function of the request. */
function clockNs(id) {
  if (id !== 0 && current.random !== undefined) return (current.ticks += 1000n);
  if (id !== 0) return process.hrtime.bigint();
  return BigInt(current.now ?? Date.now()) * 1_000_000n;
}

const wasi = {
  args_sizes_get: (count, size) => twoZeros(count, size),
  environ_sizes_get: (count, size) => twoZeros(count, size),
  args_get: () => errno.success,
  environ_get: () => errno.success,
  clock_time_get(id, _precision, result) {
    view().setBigUint64(result, clockNs(id), true);
    return errno.success;
  },
  random_get(start, length) {
    const target = bytes(start, length);
    if (current.random === undefined) randomFillSync(target);
    else current.random(target);
    return errno.success;
  },
  // Only the runtime's last words are written this way.
  fd_write(_fd, vectors, count, written) {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const length = view().getUint32(vectors + index * 8 + 4, true);
      const piece = bytes(view().getUint32(vectors + index * 8, true), length);
      if (current.stderr.length < stderrLimit) current.stderr += Buffer.from(piece).toString('latin1');
      total += length;
    }
    view().setUint32(written, total, true);
    return errno.success;
  },
  // The runtime sleeps by polling for a clock; nothing else can be waited for.
  poll_oneoff(subscriptions, events, _count, ready) {
    const sleepNs = view().getBigUint64(subscriptions + 24, true);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(Number(sleepNs) / 1e6, 100));
    bytes(events, 32).fill(0);
    view().setBigUint64(events, view().getBigUint64(subscriptions, true), true);
    view().setUint32(ready, 1, true);
    return errno.success;
  },
  sched_yield: () => errno.success,
  proc_exit(status) {
    throw new ModuleExit(`exit status ${status}`);
  },
  fd_prestat_get: () => errno.badFile, // no directory is open
};

function twoZeros(first, second) {
  view().setUint32(first, 0, true);
  view().setUint32(second, 0, true);
  return errno.success;
}

const keelson = {
  request_size: (part) => current.request[part].length,
  request_read: (part, target) => bytes(target, current.request[part].length).set(current.request[part]),
  output(start, length) {
    if (current.outputBytes + length > current.outputLimit) {
      current.tooMuch = true;
      return 1;
    }
    current.outputBytes += length;
    current.output.push(bytes(start, length).slice());
    return 0;
  },
  outcome(start, length) {
    current.outcome = Buffer.from(bytes(start, length).slice()).toString('utf8');
  },
};

function instantiate() {
  const imports = { wasi_snapshot_preview1: {}, keelson };
  for (const { module: from, name } of WebAssembly.Module.imports(module_)) {
    if (from === 'wasi_snapshot_preview1') imports[from][name] = wasi[name] ?? (() => errno.notSupported);
  }
  live = new WebAssembly.Instance(module_, imports);
  live.exports._initialize();
}

/** Renders, in the instance of the render before where that is sound. @returns what becomes of it, as sandbox.ts reads it */
function render({ request, outputLimit, seed, now }) {
  const random = seed === undefined ? undefined : seededRandom(seed);
  current = { request, outputLimit, now, random, ticks: 0n, output: [], outputBytes: 0, stderr: '' };
  // The runtime draws randomness while it starts: what is seeded needs a runtime of its own.
  if (random !== undefined) live = undefined;
  let crash;
  try {
    if (live === undefined) instantiate();
  } catch (error) {
    crash = crashOf(error);
  }
  // From here on the template's own time counts.
  parentPort.postMessage({ kind: 'begun' });
  try {
    if (crash === undefined) live.exports.render();
  } catch (error) {
    crash = crashOf(error);
  }
  const hasGrown = live !== undefined && live.exports.memory.buffer.byteLength > workerData.keepBytes;
  if (crash !== undefined || random !== undefined || hasGrown) live = undefined;
  const { output, outcome, tooMuch = false } = current;
  current = undefined;
  return { output: Buffer.concat(output), outcome, crash, tooMuch };
}

function crashOf(error) {
  return { message: String(error.message), isStack: error instanceof RangeError, stderr: current.stderr };
}

parentPort.on('message', (message) => parentPort.postMessage({ kind: 'ended', ...render(message) }));
parentPort.postMessage({ kind: 'ready', module: module_ });
