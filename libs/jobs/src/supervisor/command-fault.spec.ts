import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scratch } from '../process-harness.contract';
import { commandFault, startFault } from './command-fault';

describe('what is wrong with a command', () => {
  const cwd = scratch();
  afterAll(() => rmSync(cwd, { recursive: true }));

  function file(name: string, content: string | Buffer, mode = 0o755): void {
    mkdirSync(path.dirname(path.join(cwd, name)), { recursive: true });
    writeFileSync(path.join(cwd, name), content, { mode });
  }
  const fault = (name: string, searchPath = '/usr/bin:/bin') => commandFault(name, { cwd, searchPath });

  it('is nothing where it can be started', () => {
    file('good.sh', '#!/bin/sh\n');
    file('spaced', '#! /bin/sh -e\n');
    file('crlf-but-there', '#!/bin/sh\nexit 0\r\n');
    file('local', '#!tool\n');
    file('tool', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]));
    symlinkSync('good.sh', path.join(cwd, 'link'));
    for (const name of ['./good.sh', './spaced', './crlf-but-there', './local', './tool', './link', 'sh', '/bin/sh']) {
      expect([name, fault(name)]).toEqual([name, undefined]);
    }
  });

  it('is told by the name the user gave it', () => {
    file('sub/empty', '');
    file('text', 'echo hello\n');
    file('bare', '#!\n');
    file('foreign', '#!/no/such/interpreter -x\n');
    file('windows', '#!/bin/sh\r\nexit 0\r\n');
    file('plain', '#!/bin/sh\n', 0o644);
    const noFirstLine = 'does not say what runs it: its first line must be like "#!/bin/sh"';
    expect(fault('')).toBe('the command is empty');
    expect(fault('sub/empty')).toBe(`sub/empty ${noFirstLine}`);
    expect(fault('./text')).toBe(`./text ${noFirstLine}`);
    expect(fault('./bare')).toBe('./bare does not say what runs it: its first line is "#!" only');
    expect(fault('./foreign')).toBe('./foreign needs /no/such/interpreter, which is not on this machine');
    expect(fault('./windows')).toBe(
      './windows has Windows line ends: its first line asks for "/bin/sh" with a carriage return',
    );
    expect(fault('./plain')).toMatch(/^\.\/plain is not executable: .*chmod=\+x \.\/plain/);
    expect(fault('./sub')).toBe('./sub is not a file');
    expect(fault('./plain/x')).toBe('there is no file ./plain/x in the source');
    expect(fault('good-but-not-on-the-path')).toBe('there is no command good-but-not-on-the-path on this machine');
  });

  it('looks on the path as the system does, past what cannot be started', () => {
    file('first/tool', 'not executable', 0o644);
    file('second/tool', '#!/bin/sh\n');
    expect(fault('tool', `${cwd}/first:${cwd}/second`)).toBeUndefined();
    expect(fault('tool', `${cwd}/first`)).toMatch(/^tool is not executable/);
    expect(fault('tool', 'second')).toBeUndefined();
  });

  it('is told from what is wrong with the machine', () => {
    const error = (code: string) => Object.assign(new Error(code), { code });
    expect(startFault('./x', error('ENOENT'))).toContain('./x could not be started');
    for (const code of ['EAGAIN', 'EMFILE', 'ENOMEM', 'ENFILE']) expect(startFault('./x', error(code))).toBeUndefined();
  });
});
