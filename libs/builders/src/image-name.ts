/** The full name of an image, as BuildKit tells it and Docker means it: `node` is `docker.io/library/node:latest`. Never fails: both sides of a comparison are brought to it. */
export function imageName(reference: string): string {
  const [tagged = '', digest] = reference.split('@');
  const slash = tagged.indexOf('/');
  const first = slash < 0 ? '' : tagged.slice(0, slash);
  const hasHost = /[.:A-Z[]/.test(first) || first === 'localhost';
  const host = hasHost ? first.toLowerCase().replace(/^index\.(?=docker\.io$)/, '') : 'docker.io';
  const path = hasHost ? tagged.slice(slash + 1) : tagged;
  const full = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (digest !== undefined) return `${host}/${full}@${digest}`;
  return `${host}/${full}${full.includes(':') ? '' : ':latest'}`;
}
