import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import { freePort, startHttpFaultProxy } from '@keelson/testbed';
import { loginFor } from '../libs/registry/src/testing/logins';
import { startRegistry, testLogin, onRegistry } from '../libs/registry/src/testing/private-registry';
import { pushImage, pushIndex } from '../libs/registry/src/testing/sample-images';
import { expectInOrder, show } from './support/evidence';
import { Keelson, expectEnd, keelson, newData, newDirectory, upOnce, whenOver } from './support/keelson';
import { TestRepository } from './support/repository';

/** A real registry with a base image, and its address. */
async function registryWithBase(options: { login?: boolean } = {}) {
  const registry = await startRegistry(options);
  whenOver(() => registry.close());
  const client = new RegistryClient(options.login === true ? { credentials: loginFor(registry.address) } : {});
  whenOver(() => client.close());
  return { address: registry.address, client };
}

function repositoryOn(base: string): TestRepository {
  const repository = new TestRepository();
  repository.write('.keelson.yaml', `image: { name: widget, base: "${base}" }\ntest: { command: [echo, tested] }\n`);
  repository.commit();
  return repository;
}

onRegistry()('a base image', () => {
  it('is what the image is built on, and is said not to be entered', async () => {
    const { address, client } = await registryWithBase();
    await pushImage(client, parseImageReference(`${address}/base:1`));
    const data = newData();
    const ended = await upOnce(data, [repositoryOn(`${address}/base:1`).path]);
    expectEnd(ended, { status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/base image .*base:1 is not entered here/);
    await expectInOrder(data, { built: 1 });
  });

  it('is waited for while its registry hangs and answers 500, with a word about why', async () => {
    const { address, client } = await registryWithBase();
    await pushImage(client, parseImageReference(`${address}/base:1`));
    const proxy = await startHttpFaultProxy(address);
    whenOver(() => proxy.close());
    proxy.fault = () => true; // never answered
    const repository = repositoryOn(`${proxy.address}/base:1`);
    const data = newData();
    const up = Keelson.up(data, [repository.path]);
    await up.prints(/waiting: .*base.*no answer in time/);
    proxy.fault = (_request, response) => {
      response.writeHead(500).end('a bad day');
      return true;
    };
    await up.prints(/waiting: .*base.*500.*/);
    proxy.fault = undefined;
    await up.prints('GREEN');
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect(await show(data)).toMatchObject({ outcome: 'success', attempt: 1 });
    await expectInOrder(data, { built: 1 });
  });

  it('may come from a registry that wants a login, and is a failure without one', async () => {
    const { address, client } = await registryWithBase({ login: true });
    await pushImage(client, parseImageReference(`${address}/base:1`));
    const repository = repositoryOn(`${address}/base:1`);
    const args = (data: string) => ['up', repository.path, '--once', '--data', data, '--port', '0'];

    const refused = newData();
    const without = await keelson(args(refused), { env: { DOCKER_CONFIG: newDirectory('docker') } });
    expectEnd(without, { status: 1 });
    expect(without.stdout).toMatch(new RegExp(`RED.*docker login ${address}`));
    expect((await show(refused)).reason).toMatchObject({ code: 'registry-login' });
    await expectInOrder(refused, { failed: 1 });

    const config = newDirectory('docker');
    const auth = Buffer.from(`${testLogin.username}:${testLogin.password}`).toString('base64');
    writeFileSync(path.join(config, 'config.json'), JSON.stringify({ auths: { [address]: { auth } } }));
    const data = newData();
    expectEnd(await keelson(args(data), { env: { DOCKER_CONFIG: config } }), { status: 0 });
    await expectInOrder(data, { built: 1 });
  });

  it('that is not there is a failure that names it', async () => {
    const { address } = await registryWithBase();
    const data = newData();
    const ended = await upOnce(data, [repositoryOn(`${address}/nothing:here`).path]);
    expectEnd(ended, { status: 1 });
    expect(ended.stdout).toMatch(new RegExp(`RED.*${address}/nothing:here`));
    expect((await show(data)).reason).toMatchObject({ code: 'base-not-found' });
    await expectInOrder(data, { failed: 1 });
  });

  it('for another platform only is a failure that names both', async () => {
    const { address, client } = await registryWithBase();
    const image = await pushImage(client, parseImageReference(`${address}/base:s390x`), { architecture: 's390x' });
    await pushIndex(client, parseImageReference(`${address}/base:1`), [
      { ...image, platform: { os: 'linux', architecture: 's390x' } },
    ]);
    const data = newData();
    const ended = await upOnce(data, [repositoryOn(`${address}/base:1`).path]);
    expectEnd(ended, { status: 1 });
    expect(ended.stdout).toMatch(/RED.*base:1.*s390x/);
    expect((await show(data)).reason).toMatchObject({ code: 'base-platform' });
    await expectInOrder(data, { failed: 1 });
  });

  it('in a registry that is not there is waited for', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const data = newData();
    const up = Keelson.up(data, [repositoryOn(`${address}/base:1`).path]);
    await up.prints(/waiting: .*base.*refused/);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // Tried again each second, and said once.
    expect(up.stdout.match(/waiting: /g)).toHaveLength(1);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { running: 1 });
  });
});
