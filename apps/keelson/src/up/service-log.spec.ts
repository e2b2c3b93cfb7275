import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newDirectory, runOf } from '../fixture.contract';
import { serviceLog } from './service-log';

function newLog(largestBytes = 1_000_000) {
  const file = path.join(newDirectory(), 'keelson.log');
  const told: string[] = [];
  const open = () => serviceLog(file, { tell: (about, message) => told.push(`${about}: ${message}`), largestBytes });
  return { file, told, open };
}

describe('the services’ own log', () => {
  it('keeps everything, and tells what is wrong', () => {
    const { file, told, open } = newLog();
    const log = open();
    log.info({ service: 'watcher' }, 'it looked');
    log.warn({ service: 'watcher', err: new Error('no space left\nat all') }, 'an item could not be reported');
    log.error({ service: 'bootstrapper', run: runOf(1).run, reason: 'broken' }, 'a delivery is parked');
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(told).toEqual([
      'watcher: an item could not be reported: no space left; keelson.log in the data directory has more',
      `${runOf(1).run}: a delivery is parked: broken; keelson.log in the data directory has more`,
    ]);
  });

  it('begins anew when it has grown large, and keeps the one before', () => {
    const { file, open } = newLog(10);
    writeFileSync(file, 'x'.repeat(11));
    open().info('new');
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('x'.repeat(11));
    expect(readFileSync(file, 'utf8')).toMatch(/"msg":"new"/);
  });

  it('tells also when it cannot be written', () => {
    const told: string[] = [];
    const log = serviceLog('/dev/null/keelson.log', { tell: (about) => told.push(about) });
    log.warn({ service: 'jobs' }, 'x');
    expect(told).toEqual(['jobs']);
  });
});
