import { lsRefsRequest, parseLsRefs } from './ls-refs';
import { packet, PacketError, packets } from './pkt-line';
import { NoProtocolV2Error } from './remote-errors';

const id = 'a'.repeat(40);

describe('an ls-refs request', () => {
  it('asks for the literal beginnings only, each once', () => {
    expect(lsRefsRequest(['main', 'main', undefined, 'refs/tags/v*'])).toBe(
      '0014command=ls-refs\n' +
        '0012agent=keelson\n' +
        '0001' +
        '0009peel\n' +
        '000csymrefs\n' +
        '001fref-prefix refs/heads/main\n' +
        '0014ref-prefix HEAD\n' +
        '001bref-prefix refs/tags/v\n' +
        '0000',
    );
  });
});

describe('an ls-refs answer', () => {
  const answer = (...lines: string[]): Buffer => Buffer.from(`${lines.map(packet).join('')}0000`);

  it('gives commits, the target of HEAD, and peeled tags', () => {
    const other = 'b'.repeat(40);
    expect(
      parseLsRefs(
        answer(
          `${id} HEAD symref-target:refs/heads/main\n`,
          `${id} refs/heads/main\n`,
          `${other} refs/tags/v1 peeled:${id}\n`,
        ),
      ),
    ).toEqual([
      { ref: 'HEAD', commit: id, symref: 'refs/heads/main' },
      { ref: 'refs/heads/main', commit: id },
      { ref: 'refs/tags/v1', commit: id, isAnnotated: true },
    ]);
    expect(parseLsRefs(answer('unborn HEAD symref-target:refs/heads/main\n'))).toEqual([]);
  });

  it('must have an end: a cut one would look like deleted refs', () => {
    expect(() => parseLsRefs(Buffer.from(packet(`${id} refs/heads/main\n`)))).toThrow(NoProtocolV2Error);
    expect(() => parseLsRefs(Buffer.alloc(0))).toThrow(NoProtocolV2Error);
  });

  it('is not believed when it is something else', () => {
    expect(() => parseLsRefs(answer('ERR no such service'))).toThrow('no such service');
    expect(() => parseLsRefs(answer('hello world\n'))).toThrow(NoProtocolV2Error);
    expect(() => parseLsRefs(Buffer.from('<html>'))).toThrow(PacketError);
    expect(() => [...packets(Buffer.from('00ffshort'))]).toThrow('cut short');
    expect(() => [...packets(Buffer.from('0003'))]).toThrow(PacketError);
  });
});
