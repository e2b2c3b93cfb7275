import { maskedManifest, maskedText } from './mask-manifest';

const rendered = `# holds s3cr3t-token
apiVersion: v1
kind: Secret
metadata: { name: token } # a comment
data: { token: czNjcjN0LXRva2Vu }
stringData:
  config: |
    user: me
    password: hunter2-hunter2
---
apiVersion: batch/v1
kind: Job
metadata: { name: build }
args: ["--token=s3cr3t-token", "--password=hunter2-hunter2", hush, "aHVzaA=="]
`;

describe('a rendered manifest for people', () => {
  const masked = maskedManifest(rendered, ['hush']);

  it('holds no value of a Secret, wherever it stands, nor what is known to be secret', () => {
    for (const secret of ['s3cr3t', 'czNjcjN0LXRva2Vu', 'hunter2', 'hush', 'aHVzaA=='])
      expect(masked).not.toContain(secret);
  });

  it('holds all else, comments too', () => {
    for (const kept of ['# a comment', 'name: token', 'kind: Job', '"--token=(masked)"', '\n---\n'])
      expect(masked).toContain(kept);
  });

  it('is the text as it is where there is nothing to hide', () => {
    const plain = '# x\r\nkind:   Job\r\n';
    expect(maskedManifest(plain, [])).toBe(plain);
  });

  it('leaves short words alone that a Secret happens to hold too', () => {
    const text = 'kind: Secret\nstringData: { a: yes, b: Job }\n---\nkind: Job\n';
    expect(maskedManifest(text, [])).toContain('kind: Job');
  });
});

it('a text is masked line by line', () => {
  expect(maskedText('no such file: b-secret', ['a-secret\n  b-secret\n'])).toBe('no such file: (masked)');
});

it.each([
  ['the beginning of a password, again and again', 'pass'.repeat(200_000)],
  ['a hundred thousand lines', Array.from({ length: 100_000 }, (_, index) => `    line-${index}\n`).join('')],
])('a Secret that is made to hold up whoever masks it is masked in time: %s', (_what, value) => {
  const begun = performance.now();
  const masked = maskedManifest(
    `kind: Secret\nstringData:\n  a: |\n    first-line\n${value.replace(/^(?! )/, '    ')}\n`,
    [],
  );
  expect(masked).not.toContain(value.trim().slice(-9));
  expect(performance.now() - begun).toBeLessThan(60_000);
});
