import { refusedText } from './read-manifest';

const job = 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: a }\n';
const secret = 'kind: Secret\nmetadata: { name: b }\nstringData: { a: hunter2-hunter2 }\n';

describe('a refused text for people', () => {
  it('is all of it but what is secret, also where a Secret calls it otherwise', () => {
    const text = `${job}---\n${secret.replace('stringData', 'stringDate')}---\n${job}args: [hunter2-hunter2, s3cr3t]\n`;
    const shown = refusedText(text, ['s3cr3t']);
    expect(shown).toContain('kind: Job');
    expect(shown).toContain('args: [ (masked), (masked) ]');
    expect(shown).not.toMatch(/hunter2|s3cr3t/);
  });

  it('is a text without a Secret, however broken', () => {
    expect(refusedText(`${job}a: [\n`, [])).toContain('kind: Job');
  });

  it.each([
    ['beside what cannot be read', `${secret}---\na: [\n`],
    ['beside an alias that leads nowhere', `${secret}---\na: *b\n`],
    ['that cannot be read', `${secret}a: [\n`],
    ['in a list', `kind: List\nitems:\n  - { kind: Secret, stringData: { a: hunter2-hunter2 } }\n`],
    [
      'in a list, named a line later',
      `kind: List\nitems:\n  - kind:\n      Secret\n    stringData: { a: hunter2-hunter2 }\n`,
    ],
    ['of another name', secret.replace('Secret', 'SealedSecret')],
    ['behind a Job that nothing divides from it', job + secret],
    ['and another that nothing divides from it', secret + secret],
  ])('is none of a text with a Secret %s', (_what, text) => {
    expect(refusedText(`${job}---\n${text}`, [])).toBeUndefined();
  });

  it.each([
    ['is larger than a manifest', `# ${'x'.repeat(1_048_576)}\n`],
    ['holds too many documents', '---\n'.repeat(300)],
    ['is nested too deeply', `a: ${'['.repeat(200_000)}`],
  ])('is none of a text that %s', (_what, text) => {
    expect(refusedText(job + text, [])).toBeUndefined();
  });

  it('is cut behind its first 64 KiB', () => {
    const shown = refusedText(`${job}# ${'x'.repeat(100_000)}\n`, []) ?? '';
    expect(shown.length).toBeLessThan(66_000);
    expect(shown.endsWith('# (cut)\n')).toBe(true);
  });
});
