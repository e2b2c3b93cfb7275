import { z } from 'zod';
import { messageOf } from '../answer';
import { BusRefusedError } from '../bus-refused-error';

const coded = z.object({ code: z.union([z.number(), z.string()]) });

/** 403 access refused, 406 declared otherwise, 530 no such virtual host; and what a wrong certificate gives. */
const refusals = new Set<number | string>([
  403,
  406,
  530,
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
]);

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
    : messageOf(error);
