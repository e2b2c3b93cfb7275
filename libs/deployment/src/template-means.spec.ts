import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSettings } from './read-settings';
import { templateMeans } from './template-means';

let directory: string;
beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'keelson-docker-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const env = (): Record<string, string> => ({
  KEELSON_SEALING_KEY: Buffer.alloc(32, 1).toString('base64'),
  KEELSON_POD_HELPER: 'registry.example/keelson-pod:1',
  KEELSON_REGISTRIES:
    '[{"name":"localhost:30500","push":"registry:5000","pod":"registry.keelson:5000","plainHttp":true}]',
  DOCKER_CONFIG: directory,
});
const means = (variables: Record<string, string>) =>
  templateMeans(readSettings(['sealingKey', 'podHelper', 'registries', 'dockerConfig'], variables));

describe('what it takes to run Job templates', () => {
  it('knows registries as pods do, and the login as it is at the time', async () => {
    const made = means(env());
    expect(made?.registries).toEqual([{ name: 'localhost:30500', address: 'registry.keelson:5000', isPlain: true }]);
    expect(await made?.dockerConfig?.()).toBeUndefined();
    writeFileSync(path.join(directory, 'config.json'), '{"auths":{}}');
    expect(await made?.dockerConfig?.()).toBe('{"auths":{}}');
  });

  it('is not there without a key, or without the image that brings the source', () => {
    for (const missing of ['KEELSON_SEALING_KEY', 'KEELSON_POD_HELPER']) {
      expect(means({ ...env(), [missing]: '' })).toBeUndefined();
    }
  });
});
