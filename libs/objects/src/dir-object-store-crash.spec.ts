import { transformFile } from '@swc/core';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DirObjectStore } from './dir-object-store';
import { keys } from './object-store-harness.contract';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'keelson-objects-crash-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe('DirObjectStore killed while it writes', () => {
  /** Replaces one object and adds others, each a header with its length and then that many equal bytes. */
  const writer = `
    const { DirObjectStore } = require(process.argv[2]);
    (async () => {
      const store = await DirObjectStore.open(process.argv[3]);
      for (let round = 0; ; round += 1) {
        const body = Buffer.alloc(1 + (round * 7919) % 1000000, round % 256);
        const bytes = Buffer.concat([Buffer.from(String(body.length).padStart(8)), body]);
        await Promise.all([
          store.put('replaced', bytes),
          store.put('added/' + round, bytes, { ifAbsent: true }),
          store.put('gone/' + round, bytes).then(() => store.delete('gone/' + round)),
        ]);
        process.send(round);
      }
    })();`;

  it('shows only whole objects, and all it confirmed', async () => {
    const dist = await compiled();
    const script = path.join(base, 'writer.cjs');
    await writeFile(script, writer);
    const root = path.join(base, 'store');
    for (let kill = 0; kill < 10; kill += 1) {
      const child = fork(script, [dist, root], { execArgv: [] });
      let confirmed = -1;
      child.on('message', (round) => (confirmed = Number(round)));
      const ended = once(child, 'exit');
      const endedItself = ended.then(([code]) => Promise.reject(new Error(`the writer ended by itself with ${code}`)));
      while (confirmed < 3) await Promise.race([once(child, 'message'), endedItself]);
      endedItself.catch(() => undefined);
      // At another moment of a round each time.
      await setTimeout(kill * 1.7);
      child.kill('SIGKILL');
      await ended;
      await expectWhole(await DirObjectStore.open(root), confirmed);
      await rm(path.join(root, 'added+'), { recursive: true });
    }
  });

  async function expectWhole(store: DirObjectStore, confirmed: number): Promise<void> {
    const found = await keys(store.list(''));
    for (let round = 0; round <= confirmed; round += 1) {
      expect(found).toContain(`added/${round}`);
      expect(found).not.toContain(`gone/${round}`);
    }
    for (const key of found) {
      const object = Buffer.from((await store.get(key))!);
      expect(object.byteLength).toBe(8 + Number(object.subarray(0, 8).toString()));
      expect(new Set(object.subarray(8)).size).toBe(1);
    }
  }

  /** The library as a child can load it: each file compiled as the build does. */
  async function compiled(): Promise<string> {
    const out = path.join(base, 'compiled');
    await mkdir(out);
    // The other store's client is loaded with the library.
    await symlink(path.join(__dirname, '../../../node_modules'), path.join(out, 'node_modules'));
    for (const file of (await readdir(__dirname)).filter((name) => !/(spec|contract)\.ts$/.test(name))) {
      const { code } = await transformFile(path.join(__dirname, file), {
        configFile: false,
        swcrc: false,
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      await writeFile(path.join(out, file.replace(/\.ts$/, '.js')), code);
    }
    return path.join(out, 'index.js');
  }
});
