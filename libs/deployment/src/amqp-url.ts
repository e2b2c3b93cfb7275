import { secretFile } from '@keelson/config';
import type { Secret } from '@keelson/config';
import { z } from 'zod';
import { parseUrl } from './parse-url';

const asked = 'an address as in amqp://user@host:5672/vhost (amqps:// for TLS)';

/** The address of a broker. It is a secret: there may be a password in it. */
export const amqpUrl = () =>
  secretFile().transform((secret, context): Secret => {
    const url = parseUrl(secret.reveal());
    if (url !== undefined && /^amqps?:$/.test(url.protocol) && url.hostname !== '') return secret;
    context.addIssue({ code: 'custom', message: `is not ${asked}` });
    return z.NEVER;
  });

/** The address with the password that was given apart from it, where one was. */
export function withPassword(address: Secret, password: Secret | undefined): string {
  if (password === undefined) return address.reveal();
  const url = new URL(address.reveal());
  url.password = encodeURIComponent(password.reveal());
  return url.href;
}

/** The address without its password: for messages. */
export function withoutPassword(address: string): string {
  const url = new URL(address);
  url.password = '';
  return url.href;
}

/** The virtual host that an address names. */
export const vhostOf = (address: string): string => decodeURIComponent(new URL(address).pathname.slice(1)) || '/';
