import type { IncomingMessage } from 'node:http';
import { startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFault, HttpFaultProxy } from '@keelson/testbed';

/** A registry that wants bearer tokens, and the server that gives them: each its own host. */
export type TokenRegistry = {
  registry: HttpFaultProxy;
  tokens: HttpFaultProxy;
  /** Tokens the registry takes at the moment. */
  valid: Set<string>;
  /** What the token server puts beside the token. */
  extra: object;
  close(): Promise<void>;
};

/** @param behind answers a request that came with a good token */
export async function startTokenRegistry(behind: HttpFault): Promise<TokenRegistry> {
  const [registry, tokens] = [await startHttpFaultProxy(), await startHttpFaultProxy()];
  const made: TokenRegistry = {
    ...{ registry, tokens, valid: new Set(), extra: {} },
    close: async () => {
      await Promise.all([registry.close(), tokens.close()]);
    },
  };
  let count = 0;
  tokens.fault = (_, response) => {
    count += 1;
    const token = `token-${count}`;
    made.valid.add(token);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, ...made.extra }));
    return true;
  };
  registry.fault = (request, response) => {
    if (made.valid.has(bearerOf(request))) return behind(request, response);
    const challenge = `Bearer realm="http://${tokens.address}/token?a=b",service="the registry",scope="repository:x:pull"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    return true;
  };
  return made;
}

const bearerOf = ({ headers }: IncomingMessage): string => (headers.authorization ?? '').replace(/^Bearer /, '');
