/** How a registry wants to be told who we are. Its scope is left out: what a call needs, we know. */
export type AuthChallenge = { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service?: string };

const maxHeaderLength = 8192;

// RFC 9110 section 11.6.1: a list of schemes and of parameters, both separated by commas. A word with `=` is a parameter.
const word = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;

/** The challenge we can meet, from WWW-Authenticate; bearer before basic. Undefined when there is none. */
export function parseAuthChallenge(header: string | readonly string[] | undefined): AuthChallenge | undefined {
  const text = [header ?? []].flat().join(', ').slice(0, maxHeaderLength);
  const offers = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  word.lastIndex = 0;
  for (let match = word.exec(text); match !== null; match = word.exec(text)) {
    const name = (match[1] ?? '').toLowerCase();
    const value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3];
    if (value !== undefined) {
      current.set(name, value);
      continue;
    }
    current = new Map();
    if (!offers.has(name)) offers.set(name, current);
  }
  return bearer(offers.get('bearer')) ?? (offers.has('basic') ? { scheme: 'basic' } : undefined);
}

function bearer(parameters: Map<string, string> | undefined): AuthChallenge | undefined {
  const realm = parameters?.get('realm');
  if (realm === undefined) return undefined;
  const service = parameters?.get('service');
  return { scheme: 'bearer', realm, ...(service === undefined ? {} : { service }) };
}
