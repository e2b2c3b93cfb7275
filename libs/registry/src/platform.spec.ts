import type { ImageIndex } from './manifest';
import { formatPlatform, hostPlatform, resolvePlatform } from './platform';
import { PlatformNotFoundError } from './registry-errors';

const entry = (mark: string, platform?: object) => ({
  ...{ mediaType: 'x', size: 1, digest: `sha256:${mark.repeat(64)}` },
  ...(platform === undefined ? {} : { platform: platform as { os: string; architecture: string } }),
});

const index: ImageIndex = {
  schemaVersion: 2,
  manifests: [
    entry('0', { os: 'unknown', architecture: 'unknown' }),
    entry('1', { os: 'linux', architecture: 'amd64' }),
    entry('2', { os: 'linux', architecture: 'arm', variant: 'v6' }),
    entry('3', { os: 'linux', architecture: 'arm', variant: 'v7' }),
    entry('4', { os: 'linux', architecture: 'arm64' }),
    entry('5', { os: 'windows', architecture: 'amd64', 'os.version': '10' }),
    entry('6'),
  ],
};

describe('the image for a platform', () => {
  it.each([
    [{ os: 'linux', architecture: 'amd64' }, '1'],
    [{ os: 'windows', architecture: 'amd64' }, '5'],
    [{ os: 'linux', architecture: 'arm' }, '2'],
    [{ os: 'linux', architecture: 'arm', variant: 'v7' }, '3'],
    [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, '4'],
  ])('%j is found in an index', (wanted, mark) => {
    expect(resolvePlatform(index, wanted).digest).toBe(`sha256:${mark.repeat(64)}`);
  });

  it('that is not there is told with those that are', () => {
    const wanted = { os: 'linux', architecture: 's390x' };
    const there = 'linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64, windows/amd64';
    expect(() => resolvePlatform(index, wanted, 'a.b/c:1')).toThrow(
      new PlatformNotFoundError(`a.b/c:1 is not there for linux/s390x, only for ${there}`, []),
    );
    expect(() => resolvePlatform({ schemaVersion: 2, manifests: [] }, wanted)).toThrow('for no platform');
  });

  it('is by default that of Linux on this machine', () => {
    expect(formatPlatform(hostPlatform())).toMatch(/^linux\/(amd64|arm64|arm|386|ppc64le|s390x|riscv64|loong64)$/);
  });
});
