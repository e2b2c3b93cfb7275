import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { z } from 'zod';
import { ConfigError } from './config-error';
import { duration } from './duration';
import { list } from './list';
import { parseConfig } from './parse-config';
import { port } from './port';
import { secretFile } from './secret-file';
import { sizeBytes } from './size';

const schema = z.object({
  port: port().prefault('0'),
  retryAfter: duration().prefault('10s'),
  chunk: sizeBytes().prefault('8MiB'),
  sources: list().prefault(''),
  mode: z.enum(['fast', 'slow']).default('fast'),
  amqpUrl: z.url().optional(),
  token: secretFile().optional(),
});

function faultsOf(parse: () => unknown): Record<string, string> {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError)
      return Object.fromEntries(error.faults.map((fault) => [fault.key, fault.message]));
    throw error;
  }
  throw new Error('no fault was found');
}

describe('parseConfig', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-config-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('reads keys from variables in capitals and fills in defaults', () => {
    const config = parseConfig(schema, { KEELSON_RETRY_AFTER: '1.5m', KEELSON_SOURCES: 'a, b,,', PATH: '/bin' });
    expect(config).toEqual({ port: 0, retryAfter: 90_000, chunk: 8_388_608, sources: ['a', 'b'], mode: 'fast' });
  });

  it('names every fault at once', () => {
    const bad = {
      KEELSON_PORT: 'seven',
      KEELSON_RETRY_AFTER: '10',
      KEELSON_CHUNK: '3 elephants',
      KEELSON_MODE: 'fsat',
    };
    const faults = faultsOf(() => parseConfig(schema.extend({ name: z.string() }), { ...bad, KEELSON_PROT: '1' }));
    expect(faults).toEqual({
      KEELSON_PORT: '"seven" is not a port: a whole number from 0 to 65535',
      KEELSON_RETRY_AFTER: '"10" is not a duration with a unit, as in 500ms, 10s, 5m, 2h, 7d',
      KEELSON_CHUNK: '"3 elephants" is not a size, as in 4096, 64KiB, 8MiB, 2GB',
      KEELSON_MODE: expect.stringContaining('"fast"|"slow"') as string,
      KEELSON_NAME: 'is required',
      KEELSON_PROT: 'is not known; did you mean KEELSON_PORT?',
    });
  });

  it('says in its message how many faults there are, one a line', () => {
    const parse = () => parseConfig(schema, { KEELSON_PORT: '-1', KEELSON_ZEBRA: '1' });
    expect(parse).toThrow(
      expect.objectContaining({
        code: 'config',
        message:
          'the configuration has 2 faults:\n' +
          '  KEELSON_PORT: "-1" is not a port: a whole number from 0 to 65535\n' +
          '  KEELSON_ZEBRA: is not known',
      }),
    );
  });

  it('leaves alone what others read, by prefix or by name', () => {
    const config = parseConfig(schema, { KEELSON_ATTEMPT: '2', OTHER: '1' }, { alsoKnown: ['KEELSON_ATTEMPT'] });
    expect(config.port).toBe(0);
  });

  it('reads a key from the variable it is given for it', () => {
    const config = parseConfig(z.object({ home: z.string() }), { HOME: '/home/me' }, { names: { home: 'HOME' } });
    expect(config).toEqual({ home: '/home/me' });
  });

  it('takes a variable that is set to nothing as not set', () => {
    expect(parseConfig(schema, { KEELSON_PORT: '', KEELSON_TOKEN: '', KEELSON_TOKEN_FILE: '' }).port).toBe(0);
  });

  it('reads a secret from the variable or from the file that NAME_FILE names', () => {
    const file = path.join(directory, 'token');
    writeFileSync(file, 'hunter2\n');
    expect(parseConfig(schema, { KEELSON_TOKEN_FILE: file }).token?.reveal()).toBe('hunter2');
    expect(parseConfig(schema, { KEELSON_TOKEN: 'hunter3' }).token?.reveal()).toBe('hunter3');
  });

  it('names a secret that is given twice, whose file is missing, or that is not there, without its value', () => {
    const missing = path.join(directory, 'missing');
    const twice = faultsOf(() => parseConfig(schema, { KEELSON_TOKEN: 'hunter2', KEELSON_TOKEN_FILE: missing }));
    expect(twice).toEqual({ KEELSON_TOKEN: 'is set, and so is KEELSON_TOKEN_FILE: only one of them may be' });
    const unreadable = faultsOf(() => parseConfig(schema, { KEELSON_TOKEN_FILE: missing }));
    expect(unreadable.KEELSON_TOKEN).toContain('ENOENT');
    const absent = faultsOf(() => parseConfig(z.object({ token: secretFile() }), {}));
    expect(absent).toEqual({ KEELSON_TOKEN: "is required, or KEELSON_TOKEN_FILE with a file's name" });
  });

  it('never prints a secret', () => {
    const config = parseConfig(schema, { KEELSON_TOKEN: 'hunter2' });
    const printed = [JSON.stringify(config), inspect(config), String(config.token), `${config.token?.toString()}`];
    expect(printed.join('\n')).not.toContain('hunter2');
    const failed = () => parseConfig(schema, { KEELSON_TOKEN: 'hunter2', KEELSON_PORT: 'x' });
    expect(JSON.stringify(faultsOf(failed))).not.toContain('hunter2');
  });

  it('freezes what it returns, all the way down', () => {
    const config = parseConfig(schema, { KEELSON_SOURCES: 'a' });
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
    expect(() => (config.sources as string[]).push('b')).toThrow(TypeError);
  });
});

describe('duration', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ])('reads %s as %d ms', (text, ms) => expect(duration().parse(text)).toBe(ms));

  it.each(['', 's', '-1s', '1e3s', '10', '1 fortnight', '1constructor', '99999999999999d'])('refuses %j', (text) =>
    expect(duration().safeParse(text).success).toBe(false),
  );
});

describe('sizeBytes', () => {
  it.each([
    ['4096', 4096],
    ['64KiB', 65_536],
    ['1.5 MB', 1_500_000],
    ['2GiB', 2_147_483_648],
  ])('reads %s as %d bytes', (text, bytes) => expect(sizeBytes().parse(text)).toBe(bytes));

  it.each(['', '-1', '1kb', '8M'])('refuses %j', (text) => expect(sizeBytes().safeParse(text).success).toBe(false));
});
