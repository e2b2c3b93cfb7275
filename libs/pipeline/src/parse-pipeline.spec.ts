import { parsePipeline } from './parse-pipeline';
import type { Pipeline } from './pipeline';

/** The pipeline of a file that must be good. */
function parsed(content: string | Uint8Array): Pipeline {
  const result = parsePipeline(content);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.pipeline;
}

const testOf = (content: string) => {
  const { test } = parsed(content);
  if (test === 'none') throw new Error('the file names no test');
  return test;
};

const bare: Pipeline = {
  image: { base: 'scratch', workdir: '/src', git: 'none' },
  build: { strategy: 'append' },
  test: 'none',
};

describe('a good pipeline file', () => {
  it('is read with everything it says', () => {
    const text = [
      'image: { name: widget-build, base: debian:12, workdir: /src }',
      'build: { strategy: append }',
      'test:  { command: ["./ci.sh"], env: { LEVEL: debug }, timeout: 30m, artifacts: ["dist/*"] }',
    ].join('\n');
    expect(parsed(text)).toEqual({
      image: { name: 'widget-build', base: 'debian:12', workdir: '/src', git: 'none' },
      build: { strategy: 'append' },
      test: { command: ['./ci.sh'], env: { LEVEL: 'debug' }, timeoutMs: 1_800_000, artifacts: ['dist/*'] },
    });
  });

  it('gets a default for everything but its test', () => {
    expect(parsed('test: none\n')).toEqual(bare);
    expect(parsed('test: { command: [make] }').test).toEqual({
      ...{ command: ['make'], env: {}, artifacts: [], timeoutMs: 1_800_000 },
    });
  });

  it('may be bytes, with a byte-order mark, and have CRLF line ends', () => {
    expect(parsed(Buffer.from('\ufefftest: none\r\n'))).toEqual(bare);
    expect(parsed('\ufefftest: none')).toEqual(bare);
    expect(testOf('test:\r\n  command:\r\n    - make\r\n    - test\r\n').command).toEqual(['make', 'test']);
  });

  it('keeps numbers and booleans in the environment as they are written', () => {
    const { env } = testOf('test: { command: [a], env: { A: 1.10, B: true, C: 010, D: 0x1F, E: 1e3, F: yes, G: "" } }');
    expect(env).toEqual({ A: '1.10', B: 'true', C: '010', D: '0x1F', E: '1e3', F: 'yes', G: '' });
  });

  it('may repeat a value through an alias', () => {
    const text = 'image: { name: &name widget }\ntest: { command: [echo, *name], env: { NAME: *name } }';
    expect(testOf(text)).toMatchObject({ command: ['echo', 'widget'], env: { NAME: 'widget' } });
  });

  it('reads YAML 1.2 whatever its directive says: yes is a word', () => {
    expect(parsed('%YAML 1.1\n---\nimage: { name: yes }\ntest: none\n').image.name).toBe('yes');
  });

  it.each([
    ['45s', 45_000],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['2h5s', 7_205_000],
    ['24h', 86_400_000],
    ['1s', 1000],
  ])('takes a timeout of %s', (timeout, ms) => {
    expect(testOf(`test: { command: [a], timeout: ${timeout} }`).timeoutMs).toBe(ms);
  });

  it.each(['/', '/src', '/a/b.c/..d', '/work dir'])('takes %s as the working directory', (workdir) => {
    expect(parsed(`image: { workdir: ${workdir} }\ntest: none`).image.workdir).toBe(workdir);
  });

  it('drops the last slash of the working directory', () => {
    expect(parsed('image: { workdir: /src/ }\ntest: none').image.workdir).toBe('/src');
  });

  it.each([
    ['scratch'],
    ['debian'],
    ['debian:12'],
    ['library/debian:12-slim'],
    ['registry.example:5000/team/base:v1'],
    ['localhost:7070/base'],
    ['[::1]:5000/base'],
    [`registry.example/base@sha256:${'a'.repeat(64)}`],
    [`registry.example/base:v1@sha256:${'a'.repeat(64)}`],
  ])('takes %s as the base image', (base) => {
    expect(parsed(`image: { base: "${base}" }\ntest: none`).image.base).toBe(base);
  });

  it('takes artifacts as patterns; a directory stands for all that is below it', () => {
    const { artifacts } = testOf('test: { command: [a], artifacts: [./dist/*, reports/, "a..b/**/*.{xml,json}"] }');
    expect(artifacts).toEqual(['dist/*', 'reports/**', 'a..b/**/*.{xml,json}']);
  });

  it('says what follows when a base moves, but not of what only a template builds on', () => {
    expect(parsed('test: none\nonBase: rebuild').onBase).toBe('rebuild');
    const file = 'onBase: report\nbuild: { strategy: template, template: x }\ntest: none';
    const result = parsePipeline(file);
    expect(result.ok ? [] : result.faults).toMatchObject([{ line: 1, path: 'onBase' }]);
    expect(parsePipeline(file.replace('report', 'ignore')).ok).toBe(true);
  });

  it('may hold every reserved key', () => {
    const text = `
image: { git: shallow }
build:
  strategy: buildkit
  dockerfile: Dockerfile
  context: .
  target: release
  args: { VERSION: 1.20 }
  platforms: [linux/amd64]
  labels: { org.example.team: widgets }
  secrets: { npm: { secret: npm-token, key: token } }
  cache: { verify: 0.01 }
  push: [registry.example/team/widget:1.2]
test:
  command: [./ci.sh]
  secrets: { TOKEN: { secret: token, key: value } }
  services: [{ name: db, image: postgres:16, ready: { port: 5432 } }]
  resources: { cpu: 2, memory: 1Gi }
  serviceAccount: tester
  namespace: widgets
onBase: rebuild
release: { push: [registry.example/widget] }
`;
    expect(parsed(text)).toMatchObject({
      build: { args: { VERSION: '1.20' }, cache: { mode: 'registry' } },
      test: { resources: { cpu: '2' } },
    });
    expect(testOf('test: { template: ci_test.yaml }')).toMatchObject({ template: 'ci_test.yaml', command: [] });
    expect(parsed('build: { strategy: template, template: ci.yaml }\ntest: none').build.template).toBe('ci.yaml');
  });
});
