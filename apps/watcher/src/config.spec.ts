import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from './config';
import { TestRepository } from './watcher-fixture.contract';

const root = mkdtempSync(path.join(tmpdir(), 'keelson-sources-'));
afterAll(() => rmSync(root, { recursive: true }));

const servers = {
  ...{ KEELSON_AMQP: 'amqp://me@rabbitmq.example', KEELSON_S3: 'https://s3.example/keelson' },
  ...{ KEELSON_S3_ACCESS_KEY: 'key', KEELSON_S3_SECRET_KEY: 'secret' },
};
const sourcesOf = async (sources: string) => (await readConfig({ ...servers, KEELSON_SOURCES: sources })).sources;

describe('the sources that are watched', () => {
  it('are URLs', async () => {
    const [one, two] = await sourcesOf('https://git.example/team/widget^main,https://git.example/team/gadget');
    expect([one?.name, two?.name]).toEqual(['https://git.example/team/widget', 'https://git.example/team/gadget']);
  });

  it.each([
    [
      'a directory',
      new TestRepository(path.join(root, 'widget')).path,
      /is a directory of this machine: name a URL that every service can reach/,
    ],
    [
      'credentials',
      'https://me:hush-hush@git.example/team/widget^main',
      /name https:\/\/git\.example\/team\/widget without credentials: .*KEELSON_GIT_TOKEN_FILE/,
    ],
  ])('may not be %s', async (_what, source, message) => {
    const refused = sourcesOf(source);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow('hush-hush');
  });
});
