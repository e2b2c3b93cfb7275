import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { withMemoryLimit } from './memory-limit';

const sandboxDir = path.join(__dirname, '..', 'sandbox');

/** The thread's source: plain JavaScript, the same for compiled sources and for tests. */
export const workerFile = path.join(sandboxDir, 'worker.cjs');

const prepared = new Map<number, Buffer>();

/** The engine as WebAssembly, bounded in memory. Unpacked once a process for each bound. */
export function engineModule(memoryBytes: number): Buffer {
  const known = prepared.get(memoryBytes);
  if (known !== undefined) return known;
  const bytes = withMemoryLimit(
    brotliDecompressSync(readFileSync(path.join(sandboxDir, 'engine.wasm.br'))),
    memoryBytes,
  );
  prepared.set(memoryBytes, bytes);
  return bytes;
}
