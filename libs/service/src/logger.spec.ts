import { logLines } from './bus-fixture.contract';
import { logger } from './logger';

describe('logger', () => {
  it('writes one JSON line per fact: level, time, name, message, fields', () => {
    const { lines, destination } = logLines();
    logger('watcher', { destination }).info({ run: 'r1' }, 'a ref moved');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        pid: process.pid,
        name: 'watcher',
        run: 'r1',
        msg: 'a ref moved',
      },
    ]);
  });

  it('writes nothing below its level', () => {
    const { lines, destination } = logLines();
    logger('watcher', { level: 'warn', destination }).info({}, 'a ref moved');
    logger('watcher', { level: 'silent', destination }).error({}, 'a ref moved');
    expect(lines()).toEqual([]);
  });

  it.each([
    { authorization: 'hunter2' },
    { headers: { authorization: 'hunter2', Authorization: 'hunter2' } },
    { request: { headers: { token: 'hunter2' } } },
    { registry: { login: { account: { password: 'hunter2', secret: 'hunter2' } } } },
    { url: 'https://me:hunter2@git.example.org/x.git' },
    { err: new Error('fatal: could not read from https://hunter2@git.example.org/x.git') },
  ])('never writes a secret: %j', (fields) => {
    const { lines, destination } = logLines();
    logger('watcher', { destination }).error(fields, 'a fetch failed');
    expect(lines()).toHaveLength(1);
    expect(JSON.stringify(lines())).not.toContain('hunter2');
    expect(JSON.stringify(lines())).toContain('[secret]');
  });

  it('leaves alone what only looks like a login', () => {
    const { lines, destination } = logLines();
    logger('watcher', { destination }).info({ url: 'http://host/a@b', mail: 'a@b' }, 'a fetch failed');
    expect(lines()).toEqual([expect.objectContaining({ url: 'http://host/a@b', mail: 'a@b' })]);
  });

  it('writes a line for people when asked to', () => {
    const written: string[] = [];
    const destination = { write: (line: string) => void written.push(line) };
    logger('watcher', { pretty: true, destination }).warn({ run: 'r1', err: new Error('gone') }, 'a fetch failed');
    expect(written.join('')).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}watcher: a fetch failed run="r1" err="gone"\n$/);
  });
});
