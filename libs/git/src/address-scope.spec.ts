import { hostOf, isInwardHost, leadsInward } from './address-scope';

describe('where a host lies', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '169.254.169.254',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[fe80::1]',
    '0.0.0.0',
    'localhost',
    'a.localhost',
  ])('%s is this machine or a private network', async (host) => {
    expect(await isInwardHost(host)).toBe(true);
  });

  it.each(['1.1.1.1', '[2606:4700::1111]', '172.32.0.1'])('%s is outside', async (host) => {
    expect(await isInwardHost(host)).toBe(false);
  });

  it('is known for every kind of address', () => {
    expect(hostOf('https://example.org:8443/a')).toBe('example.org');
    expect(hostOf('git@example.org:a/b')).toBe('example.org');
    expect(hostOf('ssh://git@[::1]/a')).toBe('[::1]');
  });

  it('may not change from outside to inside', async () => {
    expect(await leadsInward('https://1.1.1.1/a', 'http://169.254.169.254/a')).toBe(true);
    expect(await leadsInward('https://1.1.1.1/a', 'git@10.0.0.1:a')).toBe(true);
    expect(await leadsInward('https://10.0.0.1/a', 'https://10.0.0.2/a')).toBe(false);
    expect(await leadsInward('https://10.0.0.1/a', 'https://10.0.0.1/b')).toBe(false);
    expect(await leadsInward('https://1.1.1.1/a', 'https://1.0.0.1/a')).toBe(false);
  });
});
