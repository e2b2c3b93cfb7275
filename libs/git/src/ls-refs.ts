import type { ListedRef } from './heads';
import { delimiterPacket, flushPacket, packet, packets } from './pkt-line';
import { literalPrefix } from './ref-pattern';
import { NoProtocolV2Error } from './remote-errors';

/**
 * The body of one `ls-refs` request: refs below the patterns' literal beginnings only.
 * `ref-prefix` is a hint that a server may ignore: filter what comes back.
 * @param patterns undefined stands for HEAD
 * @see https://git-scm.com/docs/protocol-v2#_ls_refs
 */
export function lsRefsRequest(patterns: readonly (string | undefined)[]): string {
  const prefixes = new Set(patterns.map((pattern) => (pattern === undefined ? 'HEAD' : literalPrefix(pattern))));
  return [
    packet('command=ls-refs\n'),
    packet('agent=keelson\n'),
    delimiterPacket,
    packet('peel\n'),
    packet('symrefs\n'),
    ...[...prefixes].map((prefix) => packet(`ref-prefix ${prefix}\n`)),
    flushPacket,
  ].join('');
}

/** The refs of an answer, annotated tags peeled. @throws NoProtocolV2Error when the server did not understand; PacketError */
export function parseLsRefs(body: Buffer): readonly ListedRef[] {
  const refs: ListedRef[] = [];
  let ended = false;
  for (const received of packets(body)) {
    ended = received.kind === 'flush';
    if (received.kind !== 'line') continue;
    const line = received.bytes.toString('utf8').replace(/\n$/, '');
    if (line.startsWith('ERR ')) throw new NoProtocolV2Error(line.slice(4, 500));
    const ref = parseRef(line);
    if (ref !== undefined) refs.push(ref);
  }
  // Without the closing flush the answer was cut, and a missing ref would look deleted.
  if (!ended) throw new NoProtocolV2Error('the answer has no end');
  return refs;
}

function parseRef(line: string): ListedRef | undefined {
  const [id = '', ref = '', ...attributes] = line.split(' ');
  if (id === 'unborn') return undefined;
  if (!/^[0-9a-f]{40,64}$/.test(id) || ref === '') throw new NoProtocolV2Error('the answer holds no refs');
  const attribute = (name: string): string | undefined =>
    attributes.find((text) => text.startsWith(`${name}:`))?.slice(name.length + 1);
  const symref = attribute('symref-target');
  const peeled = attribute('peeled');
  const listed = peeled === undefined ? { ref, commit: id } : { ref, commit: peeled, isAnnotated: true as const };
  return symref === undefined ? listed : { ...listed, symref };
}
