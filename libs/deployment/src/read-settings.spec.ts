import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError } from '@keelson/config';
import { withoutPassword, withPassword } from './amqp-url';
import { readSettings, variablesOf } from './read-settings';
import { processSettings, settings } from './settings';
import type { SettingName } from './settings';

const enough = {
  KEELSON_AMQP: 'amqp://keelson@rabbit.test/team',
  KEELSON_S3: 'https://s3.test:9000/bucket/some/where',
  KEELSON_S3_ACCESS_KEY: 'key',
  KEELSON_S3_SECRET_KEY: 'hunter2',
};

function faultsOf(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.faults.map(({ key, message }) => [key, message]));
    throw error;
  }
  throw new Error('no fault was found');
}

describe('readSettings', () => {
  it('reads what a service needs, with defaults for the rest', () => {
    const read = readSettings(processSettings, enough);
    expect(read.s3).toEqual({ endpoint: 'https://s3.test:9000', bucket: 'bucket', prefix: 'some/where/' });
    expect(read).toMatchObject({ healthPort: 8080, prefetch: 8, logLevel: 'info', s3Create: false });
  });

  it('names everything that is missing or wrong at once', () => {
    const names = [...processSettings, 'registry', 'testLimit', 'cancelRunning'] as const;
    const env = {
      ...{ KEELSON_AMQP: 'http://rabbit.test', KEELSON_S3: 'https://me:hunter2@s3.test/bucket' },
      ...{ KEELSON_REGISTRY: 'https://registry.test', KEELSON_TEST_LIMIT: '0', KEELSON_CANCEL_RUNNING: 'yes' },
      KEELSON_TESTLIMIT: '3',
    };
    const faults = faultsOf(() => readSettings(names, env));
    expect(Object.keys(faults).sort()).toEqual([
      ...['KEELSON_AMQP', 'KEELSON_CANCEL_RUNNING', 'KEELSON_REGISTRY', 'KEELSON_S3', 'KEELSON_S3_ACCESS_KEY'],
      ...['KEELSON_S3_SECRET_KEY', 'KEELSON_TESTLIMIT', 'KEELSON_TEST_LIMIT'],
    ]);
    expect(faults.KEELSON_S3_ACCESS_KEY).toBe("is required, or KEELSON_S3_ACCESS_KEY_FILE with a file's name");
    expect(faults.KEELSON_TESTLIMIT).toBe('is not known; did you mean KEELSON_TEST_LIMIT?');
    expect(JSON.stringify(faults)).not.toContain('hunter2');
  });

  it('does not mind what only other services read', () => {
    const env = {
      ...enough,
      KEELSON_SOURCES: 'a,b',
      KEELSON_S3_SECRET_KEY: '',
      KEELSON_S3_SECRET_KEY_FILE: __filename,
    };
    expect(readSettings(['namespace'], env)).toEqual({ namespace: 'keelson-work' });
  });

  it('reads what is to be said of registries', () => {
    const registries =
      '[{"name":"localhost:30500","push":"registry:5000","pod":"registry.keelson:5000","plainHttp":true}]';
    expect(readSettings(['registries'], { KEELSON_REGISTRIES: registries }).registries).toEqual([
      { name: 'localhost:30500', push: 'registry:5000', pod: 'registry.keelson:5000', plainHttp: true },
    ]);
    expect(faultsOf(() => readSettings(['registries'], { KEELSON_REGISTRIES: '[{"nmae":"x"}]' }))).toEqual({
      KEELSON_REGISTRIES: expect.stringContaining(
        'is not a JSON array of {name, push, pull, pod, plainHttp, caFile}: 0 name',
      ),
    });
    expect(faultsOf(() => readSettings(['registries'], { KEELSON_REGISTRIES: 'registry:5000' }))).toHaveProperty(
      'KEELSON_REGISTRIES',
    );
  });

  it('takes the password of the broker from a file, and shows neither', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'keelson-settings-'));
    try {
      const file = path.join(directory, 'password');
      writeFileSync(file, 'p@ss/word\n');
      const read = readSettings(['amqp', 'amqpPassword'], { ...enough, KEELSON_AMQP_PASSWORD_FILE: file });
      const whole = withPassword(read.amqp, read.amqpPassword);
      expect(whole).toBe('amqp://keelson:p%40ss%2Fword@rabbit.test/team');
      expect(withoutPassword(whole)).toBe('amqp://keelson@rabbit.test/team');
      expect(JSON.stringify(read)).not.toContain('p@ss');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the settings', () => {
  it('have names that differ, also as files', () => {
    const variables = (Object.keys(settings) as SettingName[]).flatMap(variablesOf);
    expect(variables).toEqual([...new Set(variables)]);
  });

  it.each(['amqp', 'amqpPassword', 's3AccessKey', 's3SecretKey'] as const)('let %s come from a file', (name) => {
    expect(variablesOf(name)).toHaveLength(2);
  });
});
