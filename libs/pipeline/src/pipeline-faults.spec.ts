import { describeFaults } from './fault';
import { parsePipeline } from './parse-pipeline';

/** The faults of a file that must be bad, as `keelson check` prints them. */
function faultsOf(content: string): string {
  const result = parsePipeline(content);
  return result.ok ? 'none' : describeFaults(result.faults, 'f');
}

describe('the faults of a pipeline file', () => {
  it('are told all at once, in the order of the file, each at its place', () => {
    const text = `imag: {}
image:
  name: Widget
  name: widget
test:
  comand: ["./ci.sh"]
  timeout: 30
  env:
    LEVEL:
    1ST: x
command: make
`;
    expect(faultsOf(text).split('\n')).toEqual([
      'f:1:1: unknown key imag (did you mean image?)',
      'f:3:9: image.name must be a repository path: a-z and 0-9, joined by . _ __ or -, parts divided by /',
      'f:4:3: image.name is written twice (the first one is in line 3)',
      'f:5:1: test.command is missing (it is a list, like command: ["./ci.sh"])',
      'f:6:3: unknown key test.comand (did you mean test.command?)',
      'f:7:12: test.timeout must be text, not 30 (write 30s or 30m)',
      'f:9:5: test.env.LEVEL is empty (write "" for empty text)',
      'f:10:5: the name "1ST" in test.env must be letters, digits and _, without a digit in front',
      'f:11:1: unknown key command (command belongs below test)',
    ]);
  });

  it('have the same places whether lines end in CRLF, and whether there is a byte-order mark', () => {
    const bad = 'f:3:3: unknown key test.timeuot (did you mean test.timeout?)';
    expect(faultsOf('test:\r\n  command: [a]\r\n  timeuot: 1m\r\n')).toBe(bad);
    expect(faultsOf('\ufefftest:\n  command: [a]\n  timeuot: 1m\n')).toBe(bad);
  });

  it.each([
    ['nothing at all', '', 'f:1:1: the file is empty (`keelson init` writes one that fits)'],
    ['only comments', '# soon\n', 'f:1:1: the file is empty'],
    ['a list', '- a\n', 'f:1:1: the file must hold keys with values'],
    ['plain text', 'hello\n', 'f:1:1: the file must hold keys with values'],
    ['two documents', 'test: none\n---\ntest: none\n', 'f:2:1: a second document begins here'],
    ['a tab as indentation', 'test:\n\tcommand: [a]\n', 'f:2:1: a tab may not indent (use spaces)'],
    ['a bracket left open', 'test: { command: ["a" }\n', 'f:1:23: YAML: a ] is missing'],
    ['a quote left open', 'test: { command: ["a] }\n', 'f:2:1: YAML: a closing " is missing'],
    [
      'a value with a colon',
      'test: { command: [a] }\nimage: name: a\n',
      'f:2:8: keys and values may not begin here (put text',
    ],
    ['a bracket that was never opened', 'test: ]\n', 'f:1:7: YAML: unexpected "]"'],
    ['a key that is a list', '? [a]\n: b\n', 'f:1:3: a key must be text'],
    ['a tag of another schema', 'test: !!js/function "x"\n', 'f:1:7: YAML: Unresolved tag'],
    ['an alias without an anchor', 'test: *x\n', 'f:1:7: there is no anchor &x above this alias'],
    ['a merge key', 'test:\n  <<: { command: [a] }\n  command: [a]\n', 'f:2:3: merge keys (<<) are not read'],
    ['a section twice', 'test: none\ntest: none\n', 'f:2:1: test is written twice (the first one is in line 1)'],
    ['no test', 'image: { base: debian:12 }\n', 'f:1:1: test is missing (test: { command: ["./ci.sh"] } says how'],
    ['an empty test', 'test:\n', 'f:1:1: test is empty (test: { command: ["./ci.sh"] } says how'],
    ['no command', 'test: { timeout: 1m }', 'f:1:1: test.command is missing'],
    ['an empty command', 'test: { command: [] }', 'f:1:18: test.command must hold a program'],
    ['an empty program', 'test: { command: [""] }', 'f:1:18: test.command must begin with a program'],
    [
      'a command that is text',
      'test: { command: npm test }',
      'f:1:18: test.command must be a list, not "npm test" (write ["sh", "-c", "npm test"])',
    ],
    ['a test that is text', 'test: make', 'f:1:7: test must be keys with values or none, not "make" (write test: { co'],
    ['test: None', 'test: None', 'f:1:7: test must be keys with values or none, not "None" (did you mean none?)'],
    [
      'a number in a command',
      'test: { command: [sleep, 5] }',
      'f:1:26: test.command[1] must be text, not 5 (write "5")',
    ],
    ['a NUL in a command', 'test: { command: ["a\\0b"] }', 'f:1:19: test.command[0] may not hold a NUL character'],
    ['a timeout of 0s', 'test: { command: [a], timeout: 0s }', 'f:1:32: test.timeout must lie between 1s and 24h'],
    ['a timeout of 25h', 'test: { command: [a], timeout: 25h }', 'f:1:32: test.timeout must lie between 1s and 24h'],
    ['an unknown unit', 'test: { command: [a], timeout: 2d }', 'f:1:32: test.timeout must be a time like 90s, 30m'],
    ['an empty timeout', 'test: { command: [a], timeout: "" }', 'f:1:32: test.timeout must be a time like 90s, 30m'],
    [
      'one artifact',
      'test: { command: [a], artifacts: dist }',
      'f:1:34: test.artifacts must be a list, not "dist" (write ["dist"])',
    ],
    [
      'an artifact above',
      'test: { command: [a], artifacts: [a/../../b] }',
      'f:1:35: test.artifacts[0] must be a pattern',
    ],
    [
      'an absolute artifact',
      'test: { command: [a], artifacts: [/etc/passwd] }',
      'f:1:35: test.artifacts[0] must be a pa',
    ],
    ['all but an artifact', 'test: { command: [a], artifacts: ["!a"] }', 'f:1:35: test.artifacts[0] must be a pattern'],
    [
      'too many artifacts',
      `test: { command: [a], artifacts: [${'a,'.repeat(101)}] }`,
      'f:1:34: test.artifacts may have at most 100 patterns',
    ],
    [
      'a list in the environment',
      'test: { command: [a], env: { A: [b] } }',
      'f:1:33: test.env.A must be text, a number or true or false, not a list',
    ],
    [
      'a name of ours',
      'test: { command: [a], env: { KEELSON_RUN: b } }',
      'f:1:30: the name "KEELSON_RUN" in test.env begins with',
    ],
    [
      'an image that is text',
      'image: debian:12\ntest: none',
      'f:1:8: image must be keys with values, not "debian:12" (write image: { base: "debian:12" })',
    ],
    [
      'an image name with a tag',
      'image: { name: "widget:1" }\ntest: none',
      'f:1:16: image.name must be a repository path',
    ],
    [
      'a base with a space',
      'image: { base: "debian 12" }\ntest: none',
      'f:1:16: image.base must be an image, like debian:12',
    ],
    [
      'a base like an option',
      'image: { base: --help }\ntest: none',
      'f:1:16: image.base must be an image, like debian:12',
    ],
    [
      'a relative directory',
      'image: { workdir: src }\ntest: none',
      'f:1:19: image.workdir must be an absolute directory',
    ],
    [
      'a directory that climbs',
      'image: { workdir: /a/../b }\ntest: none',
      'f:1:19: image.workdir must be an absolute direct',
    ],
    [
      'command and template',
      'test: { template: x, command: [a] }',
      'f:1:22: test.command and test.template exclude each other',
    ],
    [
      'a template outside the source',
      'test: { template: ../ci.yaml }',
      'f:1:19: test.template must be the path of a file in the source, like ci/build.yaml: relative, without ..',
    ],
    [
      'what nobody reads beside a test template',
      'test: { template: x, timeout: 1m, env: { A: b } }',
      'f:1:35: test.env is not read beside test.template (write it into the template)',
    ],
    [
      'a test that a template without an image never reaches',
      'build: { strategy: template, template: x }\ntest: { command: [a] }',
      'f:1:1: image.name is missing: without it the run ends at the build, and the test would never run',
    ],
    [
      'a base that a template does not read',
      'image: { base: debian:12 }\nbuild: { strategy: template, template: x }\ntest: none',
      'f:1:10: image.base is not read by the strategy template (the template says what the image is made of)',
    ],
    [
      'a tag that Keelson sets by itself',
      'image: { tag: "1" }\ntest: none',
      'f:1:10: image.tag is not read by the strategy append (it belongs to build.strategy: template)',
    ],
    [
      'a tag without a name',
      'image: { tag: "1" }\nbuild: { strategy: template, template: x }\ntest: none',
      'f:1:10: image.tag is not read by anybody (it belongs to image.name)',
    ],
    [
      'a key with control characters',
      '"a\\e[31m\\n": 1\ntest: none',
      'f:1:1: unknown key "a\\u001b[31m\\n" (known here: image, build, test, onBase, release)',
    ],
  ])('name %s', (_what, text, expected) => {
    const [first] = faultsOf(text).split('\n');
    expect(first?.slice(0, expected.length)).toBe(expected);
  });

  it('can be joined with what a column cannot do', () => {
    const result = parsePipeline('test: { comand: [a], services: [] }', { column: 'machine' });
    expect(result.ok ? [] : result.faults.map(({ path }) => path)).toEqual([
      'test.command',
      'test.comand',
      'test.services',
    ]);
  });

  it('carry the key they are about, for machines', () => {
    const result = parsePipeline('test: { command: [a, 5] }');
    expect(result).toEqual({
      ok: false,
      faults: [
        {
          line: 1,
          column: 22,
          path: 'test.command[1]',
          message: 'test.command[1] must be text, not 5',
          hint: 'write "5"',
        },
      ],
    });
  });
});
