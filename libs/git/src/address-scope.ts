import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** Addresses that belong to this machine or to a network behind it (RFC 6890 and its successors). */
const inward = new BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  inward.addSubnet(address, bits, 'ipv4');
}
for (const [address, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inward.addSubnet(address, bits, 'ipv6');
}

/** True for a literal address of this machine or a private network; IPv4 inside IPv6 counts as IPv4. */
export const isInwardAddress = (address: string): boolean =>
  inward.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * True when a host is this machine or on a private network. Somebody outside who can
 * choose where we connect to (a redirect, a submodule's URL) must not choose such a host.
 * @param hostname as in a URL, IPv6 with or without brackets
 */
export async function isInwardHost(hostname: string): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isInwardAddress(host);
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.some(({ address }) => isInwardAddress(address));
  } catch {
    return false; // it resolves to nothing: connecting will fail and say so
  }
}

/** The host that a remote's address names: a URL's, or scp's `[user@]host:path`. */
export function hostOf(url: string): string {
  if (URL.canParse(url) && url.includes('://')) return new URL(url).hostname;
  return /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/]+):/.exec(url)?.[1] ?? url;
}

/** True when `to` leads from an outside host to an inner one; staying on the same host is always allowed. */
export async function leadsInward(from: string, to: string): Promise<boolean> {
  if (hostOf(from) === hostOf(to)) return false;
  return (await isInwardHost(hostOf(to))) && !(await isInwardHost(hostOf(from)));
}
