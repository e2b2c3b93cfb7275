import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { LineOutput } from './output';

describe('output, line by line', () => {
  it('writes each line with its end at once', async () => {
    const writes: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        writes.push(chunk.toString('latin1'));
        done();
      },
    });
    const output = new LineOutput(stream);
    await output.write('text');
    await output.write(Buffer.from([0xff]));
    await output.writeBytes(Buffer.from('piece'));
    expect(writes).toEqual(['text\n', '\u00ff\n', 'piece']);
  });

  it('waits for a slow reader', async () => {
    let read: (() => void) | undefined;
    const output = new LineOutput(
      new Writable({ highWaterMark: 4, write: (_chunk, _encoding, done) => (read = done) }),
    );
    let isWritten = false;
    const written = output.write('more than four').then(() => (isWritten = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isWritten).toBe(false);
    read?.();
    await written;
  });

  it('goes on when its reader is gone, and says so', async () => {
    const reader = spawn('true');
    const output = new LineOutput(reader.stdin);
    while (!output.gone.aborted) {
      await output.write('x'.repeat(100_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await output.write('nobody reads this');
    expect(output.gone.aborted).toBe(true);
  });
});
