import { z } from 'zod';
import { messageOf } from '../answer';
import { BusRefusedError } from '../bus-refused-error';

const coded = z.object({ code: z.union([z.number(), z.string()]) });

const distrusted = ': give its CA file, where it has one of its own';

/** What a TLS handshake ends with that will not be otherwise the next time, and what to do. */
const tlsRefusals: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: distrusted,
  SELF_SIGNED_CERT_IN_CHAIN: distrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: distrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: distrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: ': the certificate is for another host name',
  CERT_HAS_EXPIRED: ': renew the certificate',
  ERR_SSL_WRONG_VERSION_NUMBER: ': it does not speak TLS: is it amqp:// or amqps://?',
};

/** 403 access refused, 406 declared otherwise, 530 no such virtual host. */
const refusals = new Set<number | string>([403, 406, 530, ...Object.keys(tlsRefusals)]);

export const codeOf = (error: unknown): number | string | undefined => coded.safeParse(error).data?.code;

/** True for an answer that will be the same however often the same is asked. Of declarations and logins: a 406 at other times may pass. */
export const isRefusal = (error: unknown): boolean => {
  const code = codeOf(error);
  const isCoded = code !== undefined && refusals.has(code);
  return error instanceof BusRefusedError || isCoded || isLoginRefused(error) || isVirtualHostRefused(error);
};

/** Errors of a handshake bring their code in their text only. */
const isLoginRefused = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Handshake terminated by server: 403');

/** The client keeps the broker's words to itself when a virtual host is refused. */
const isVirtualHostRefused = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose');

/** What the broker said, as far as the client tells. */
export const refusalText = (error: unknown): string =>
  isVirtualHostRefused(error)
    ? 'it closed the connection when asked for the virtual host: there is none of that name, it is down, or this user may not use it'
    : `${oneLine(messageOf(error))}${tlsRefusals[String(codeOf(error))] ?? ''}`;

/** OpenSSL ends its own with a line feed. */
const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');
