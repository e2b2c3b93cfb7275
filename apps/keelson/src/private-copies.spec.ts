import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRepository, treeLayer } from '@keelson/git';
import { imageKey, Ledger, planKey } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { planSchema } from '@keelson/pipeline';
import { pushSnapshot, RegistryClient } from '@keelson/registry';
import { startRegistry } from '@keelson/registry-server';
import { TerminalError } from '@keelson/stage';
import { digest, newDirectory, plan, runOf, unaborted } from './fixture.contract';
import { PrivateCopies } from './private-copies';

it('fills a directory with the source of an image that was built here, and with no other', async () => {
  const store = await DirObjectStore.open(newDirectory());
  const ledger = new Ledger(store);
  const registry = await startRegistry({ store, prefix: 'registry/', host: '127.0.0.1', port: 0 });
  const client = new RegistryClient({});
  try {
    const repository = newDirectory();
    const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' });
    git('init', '-q', '-b', 'main');
    writeFileSync(path.join(repository, 'file'), 'of the commit');
    git('add', 'file');
    git('-c', 'user.name=A', '-c', 'user.email=a@keelson.invalid', 'commit', '-qm', 'One');
    const layer = await treeLayer(await openRepository(repository), git('rev-parse', 'HEAD').trim(), {
      ...{ prefix: '/src', codec: 'none' },
    });
    const address = `localhost:${registry.address.port}`;
    const snapshot = await pushSnapshot(client, {
      ...{ repository: `${address}/widget-source`, layer, artifactType: 'application/x-test', annotations: {} },
      signal: unaborted,
    });

    // The plan that names the snapshot, and the image that was built from it.
    const run = runOf(1);
    const other = new Ledger(await DirObjectStore.open(newDirectory()));
    await plan(other, run, 'test: { command: [./ci.sh] }');
    const written = (await other.read(planKey(run.run, planSchema)))!;
    const { digest: layerDigest, diffId, sizeBytes, mediaType } = layer;
    const place = { ...snapshot, layer: { digest: layerDigest, diffId, sizeBytes, mediaType } };
    await ledger.write(planKey(run.run, planSchema), { ...written, snapshot: place });
    await ledger.write(imageKey(`${address}/widget`, digest, run.run), {
      ...{ run: run.run, attempt: 1, repository: `${address}/widget`, digest },
    });

    const spare = newDirectory();
    const copies = new PrivateCopies({ ledger, client, spare });
    const { fill: materialise } = copies;
    const into = path.join(newDirectory(), 'work');
    await materialise(`${address}/widget@${digest}`, into, unaborted);
    expect(readFileSync(path.join(into, 'file'), 'utf8')).toBe('of the commit');

    // Once that one is not needed any more, the next one's file is made in advance, and then used.
    const spares = () => readdirSync(spare, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(spares()).toEqual([]);
    copies.prepare(into);
    for (let tries = 0; spares().length === 0 && tries < 6_000; tries += 1) await sleep(10);
    expect(spares()).toHaveLength(1);
    const next = path.join(newDirectory(), 'next');
    await materialise(`${address}/widget@${digest}`, next, unaborted);
    expect(readFileSync(path.join(next, 'file'), 'utf8')).toBe('of the commit');
    expect(spares()).toEqual([]);
    await copies.close();
    copies.prepare(next);
    const foreign = materialise(`${address}/widget@sha256:${'6'.repeat(64)}`, into, unaborted);
    await expect(foreign).rejects.toThrow(TerminalError);
    await expect(materialise(`${address}/widget:main`, into, unaborted)).rejects.toThrow(/was not built here/);
  } finally {
    await client.close();
    await registry.close();
  }
});
