/** A WebAssembly page. */
const pageBytes = 65_536;
const preambleBytes = 8;
const memorySection = 5;

/**
 * The same module with an upper bound on its one memory: growing beyond it fails inside, and nothing outside can be used up.
 * (Go's linker declares none, and a host cannot refuse a growth.) Format: https://webassembly.github.io/spec/core/binary/modules.html#memory-section
 * @param wasm a module with one memory, without a maximum
 */
export function withMemoryLimit(wasm: Uint8Array, limitBytes: number): Buffer {
  let at = preambleBytes;
  while (at < wasm.length) {
    const size = readNumber(wasm, at + 1);
    if (wasm[at] !== memorySection) {
      at = size.next + size.value;
      continue;
    }
    const flags = size.next + 1;
    if (wasm[size.next] !== 1 || wasm[flags] !== 0) throw new RangeError('the module must have one memory, unbounded');
    const minimum = readNumber(wasm, flags + 1);
    const maximum = Math.max(minimum.value, Math.floor(limitBytes / pageBytes));
    const body = [1, 1, ...encodeNumber(minimum.value), ...encodeNumber(maximum)];
    const section = Buffer.from([memorySection, ...encodeNumber(body.length), ...body]);
    return Buffer.concat([wasm.subarray(0, at), section, wasm.subarray(size.next + size.value)]);
  }
  throw new RangeError('the module has no memory of its own');
}

/** Unsigned LEB128. */
function readNumber(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  for (let at = start, factor = 1; at < bytes.length; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: at + 1 };
  }
  throw new RangeError('the module ends in the middle of a number');
}

function encodeNumber(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...encodeNumber(Math.floor(value / 128))];
}
