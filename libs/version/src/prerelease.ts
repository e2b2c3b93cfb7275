import type { SemanticVersion } from './semantic-version';

/** No l, which reads like a 1: 25 letters, in the order in which they sort. */
const alphabet = 'abcdefghijkmnopqrstuvwxyz';

/**
 * A time as text that sorts like the time: 8 bytes, big-endian; each leading zero byte is one `a`, the rest one number in base 25.
 * @param seconds whole seconds since 1970
 */
export function sortableTime(seconds: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(seconds));
  const zeros = bytes.findIndex((byte) => byte !== 0);
  let digits = '';
  for (let rest = BigInt(seconds); rest > 0n; rest /= 25n) digits = `${alphabet[Number(rest % 25n)] ?? ''}${digits}`;
  return `${'a'.repeat(zeros === -1 ? bytes.length : zeros)}${digits}`;
}

/** The pre-release of a branch at a time: what is no letter or digit becomes a hyphen. */
export function branchPrerelease(branch: string, at: Date): string {
  const name = [...branch].map((character) => (/[0-9A-Za-z]/.test(character) ? character : '-')).join('');
  return `${name}-${sortableTime(Math.floor(at.getTime() / 1000))}`;
}

/** The release candidate after the last one of this version that is tagged. */
export function nextCandidate(version: SemanticVersion, tagged: readonly SemanticVersion[]): SemanticVersion {
  const numbers = tagged
    .filter((tag) => tag.hasCoreOf(version))
    .map((tag) => Number(/^rc\.(\d+)$/.exec(tag.prerelease)?.[1] ?? 0));
  return version.withPrerelease(`rc.${Math.max(0, ...numbers) + 1}`);
}
