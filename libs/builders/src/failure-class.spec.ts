import { failureClass, isUsersFault } from './failure-class';

describe("a builder's last words", () => {
  const checksum = 'failed to compute cache key: failed to calculate checksum of ref 3nhy::rq8f:';
  const manifest = 'https://registry.example/v2/widget/manifests/main';

  it.each([
    ['base name (${BASE}) should not be blank', 'dockerfile'],
    [
      'failed to parse stage name "MyImage:1": invalid reference format: repository name (library/MyImage) must be lowercase',
      'dockerfile',
    ],
    ['circular dependency detected on stage: a', 'dockerfile'],
    [
      String.raw`failed to process "\"$FOO": unexpected end of statement while looking for matching double-quote`,
      'dockerfile',
    ],
    ['secret npm: not found', 'dockerfile'],
    ['unset ssh forward key default', 'dockerfile'],
    ['no SSH key "default" forwarded from the client', 'dockerfile'],
    ['process "/bin/sh -c echo secret npm: not found" did not complete successfully: exit code: 1', 'step-failed'],
    ['cannot replace to directory /var/lib/buildkit/x/merged/app/node_modules/a with file', 'dockerfile'],
    ['cannot copy to non-directory: /var/lib/buildkit/x/merged/app', 'dockerfile'],
    ['failed to load cache key: invalid response status 404', 'file-not-found'],
    ['failed to load cache key: invalid response status 410', 'file-not-found'],
    [`${checksum} "/500.html": not found`, 'file-not-found'],
    [`${checksum} "/429.json": not found`, 'file-not-found'],
    [`${checksum} "/401 b": not found`, 'file-not-found'],
    [
      'error building stage: failed to optimize instructions: failed to get files used from context: failed to get fileinfo for /keelson/source/503: lstat /keelson/source/503: no such file or directory',
      'file-not-found',
    ],
    [
      'docker.io/library/nosuch:500: failed to resolve source metadata for docker.io/library/nosuch:500: docker.io/library/nosuch:500: not found',
      'base-not-found',
    ],
    ['GET https://registry.example/v2/nosuch/manifests/429: MANIFEST_UNKNOWN: manifest unknown', 'base-not-found'],
    [`unexpected status from HEAD request to ${manifest}: 401 Unauthorized`, 'registry-login'],
    [`failed to authorize: failed to fetch oauth token: unexpected status: 403`, 'registry-login'],
  ])("are the user's in %j", (message, kind) => {
    expect(failureClass(message)).toBe(kind);
    expect(isUsersFault(failureClass(message))).toBe(true);
  });

  it.each([
    ['failed to load cache key: invalid response status 503', 'registry'],
    ['failed to load cache key: invalid response status 429', 'rate-limited'],
    ['Get "https://files.example/a": dial tcp: lookup files.example: no such host', 'network'],
    [
      `failed to push registry.example/widget:main: unexpected status from PUT request to ${manifest}: 404 Not Found`,
      'registry',
    ],
    [`unexpected status from HEAD request to ${manifest}: 500`, 'registry'],
    [`unexpected status code 503 for ${manifest}`, 'registry'],
    [`GET ${manifest} 502`, 'registry'],
    [`GET ${manifest} 429: slow down`, 'rate-limited'],
    [`unexpected status from GET request to ${manifest}: 429`, 'rate-limited'],
    // A layer of a base, or of the cache, that its registry has lost: the Dockerfile is all right.
    [
      `${checksum} failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:aa (application/vnd.oci.image.layer.v1.tar+gzip) from remote: not found`,
      'unknown',
    ],
    ['invalid reference format', 'unknown'],
  ])('are ours in %j', (message, kind) => {
    expect(failureClass(message)).toBe(kind);
    expect(isUsersFault(failureClass(message))).toBe(false);
  });
});
