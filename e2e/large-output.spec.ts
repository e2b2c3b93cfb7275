import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expectInOrder, show } from './support/evidence';
import { Keelson, expectEnd, newData, until } from './support/keelson';
import { TestRepository } from './support/repository';

/** How much is printed: what a suite has the time for on a busy machine, or what it is told, 1024 for a gibibyte. */
const sizeMiB = Number(process.env.KEELSON_LARGE_OUTPUT_MIB ?? 96);
jest.setTimeout(120_000 + sizeMiB * 4000);

const line = `${'x'.repeat(99)}\n`;
const lines = Math.ceil((sizeMiB * 1_048_576) / line.length);
const lastLine = 'the last line\n';

function expectedSha256(): string {
  const hash = createHash('sha256');
  for (let left = lines; left > 0; left -= 10_000) hash.update(line.repeat(Math.min(left, 10_000)));
  return hash.update(lastLine).digest('hex');
}

/** The most that a process ever held, as the kernel counts it. */
const mostResidentMiB = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe(`a test that prints ${sizeMiB} MiB`, () => {
  (process.platform === 'linux' ? it : it.skip)('has its log whole, and costs no memory', async () => {
    const repository = new TestRepository();
    repository.pipeline(`yes ${line.trim()} | head -n ${lines}; echo ${lastLine.trim()}`);
    repository.commit();
    const data = newData();
    const up = Keelson.up(data, [repository.path]);
    let printedBytes = 0;
    // Read as it comes and not kept: it is this process that would grow.
    up.child.stdout.on('data', (text: string) => {
      printedBytes += text.length;
      up.stdout = up.stdout.slice(-20_000);
    });
    const waited = {
      timeoutMs: 180_000 + sizeMiB * 4000,
      what: () => `the verdict after ${printedBytes} bytes:\n${up.stdout.slice(-2000)}\n${up.stderr}`,
      isOver: () => up.child.exitCode !== null,
    };
    // By then everything is loaded, and buffers are as large as they get.
    await until(() => printedBytes > (lines * line.length) / 4, waited);
    const quarterMiB = mostResidentMiB(up.pid);
    await until(() => /GREEN/.test(up.stdout), waited);
    const grownMiB = mostResidentMiB(up.pid) - quarterMiB;
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const { log, outcome } = await show(data);
    expect(outcome).toBe('success');
    expect(log).toEqual({
      lines: lines + 1,
      bytes: lines * line.length + lastLine.length,
      sha256: expectedSha256(),
      complete: true,
    });
    expect(printedBytes).toBeGreaterThan(lines * line.length);
    // Whoever held the other three quarters would grow by as much; what is collected late is some 40 MiB, however long it goes on.
    expect(grownMiB).toBeLessThan(sizeMiB * 0.6);
    await expectInOrder(data, { built: 1 });
  });
});
