/**
 * What is the same for all names of one repository: its host and path, without scheme, user, port and `.git`. So an event that
 * names `https://git.example/team/widget` is about `git@git.example:team/widget.git`. Only good for a hint: it asks for a look.
 */
export function repositoryKey(name: string): string {
  const plain = name
    .trim()
    .replace(/\/+$/, '')
    .replace(/(\/|^)?\.git$/, '');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(plain) && URL.canParse(plain)) {
    const { hostname, pathname } = new URL(plain);
    return `${hostname.toLowerCase()}${pathname}`;
  }
  const [, host, path] = /^(?:[^@/:]+@)?([^/:]+):(.+)$/.exec(plain) ?? [];
  return host === undefined || path === undefined ? plain : `${host.toLowerCase()}/${path.replace(/^\/+/, '')}`;
}
