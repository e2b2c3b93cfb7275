import { jobNamespace } from './job-namespace';

const taken = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const build = { run: '0190', stage: 'build' };

describe("a template's own namespace", () => {
  it('says the version', () => {
    expect(jobNamespace('0.9.14-feature-212-aaaagjecnus', build)).toMatch(
      /^gw-0-9-14-feature-212-aaaagjecnus-[0-9a-f]{8}$/,
    );
  });

  it.each(['', '1', '--', 'v1.2.3+Meta_Data', `1.2.3-${'x'.repeat(80)}`, 'äöü'])(
    'is one that a cluster takes, of %j too',
    (version) => {
      expect(jobNamespace(version, build)).toMatch(taken);
    },
  );

  it('is that of one stage of one run', () => {
    const names = [build, { ...build, stage: 'test' }, { ...build, run: '0191' }].map((of) =>
      jobNamespace('1.2.3', of),
    );
    expect(new Set(names).size).toBe(3);
    expect(jobNamespace('1.2.3', build)).toBe(names[0]);
  });
});
