import { describeFaults } from '../fault';
import { readManifest } from './read-manifest';
import type { Manifest } from './read-manifest';

const job = (more = ''): string => `apiVersion: batch/v1
kind: Job
metadata: { name: build${more} }
spec: { template: { spec: { containers: [{ name: main, image: busybox }] } } }
`;
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: token }\nstringData: { token: a }\n';

function manifestOf(text: string | Uint8Array): Manifest {
  const read = readManifest(text);
  if (!read.ok) throw new Error(describeFaults(read.faults, 'f'));
  return read.manifest;
}

function faultsOf(text: string | Uint8Array): string {
  const read = readManifest(text);
  return read.ok ? '' : describeFaults(read.faults, 'f');
}

const kindsOf = (text: string | Uint8Array): string[] => manifestOf(text).objects.map(({ kind }) => kind);

describe('a rendered Job template', () => {
  it('may hold one Job with its Secrets, Services, ConfigMaps and PersistentVolumeClaims, in their order', () => {
    const others = ['Service', 'ConfigMap', 'PersistentVolumeClaim'].map(
      (kind) => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: x }\n`,
    );
    expect(kindsOf([secret, others[0], job(), others[1], others[2]].join('---\n'))).toEqual([
      ...['Secret', 'Service', 'Job', 'ConfigMap', 'PersistentVolumeClaim'],
    ]);
  });

  it.each([
    ['Windows line ends', `${secret}---\n${job()}`.replaceAll('\n', '\r\n')],
    ['a byte-order mark', `\ufeff${secret}---\n${job()}`],
    ['empty documents, comments and an end mark', `---\n# nothing\n---\n${secret}---\n\n---\n${job()}...\n`],
    ['--- inside a text', `${secret.replace('token: a', 'token: "a --- b"')}---\n${job()}`],
    [
      '--- on a line of a block',
      `${secret.replace('{ token: a }', '\n  token: |\n    a\n    ---\n    b')}---\n${job()}`,
    ],
  ])('may have %s', (_what, text) => {
    expect(kindsOf(text)).toEqual(['Secret', 'Job']);
    expect(kindsOf(Buffer.from(text))).toEqual(['Secret', 'Job']);
  });

  it('is read as kubectl reads it', () => {
    const { objects } = manifestOf(
      `${job()}base: &base { a: 1, b: yes }\nmode: 0644\nbig: 1_000\nport: 22:22\nday: 2026-01-02\nover: { <<: *base, a: 2 }\n`,
    );
    expect(objects[0]).toMatchObject({
      ...{ mode: 0o644, big: 1000, port: '22:22', day: '2026-01-02', over: { a: 2, b: true } },
    });
  });

  it('says in which namespace it is', () => {
    const inNamespace = job().replace('name: build', 'name: build, namespace: gw-1');
    expect(manifestOf(inNamespace).namespace).toBe('gw-1');
    expect(manifestOf(`${secret}---\n${inNamespace}`).namespace).toBe('gw-1');
    expect(manifestOf(job())).not.toHaveProperty('namespace');
  });

  it('may have a comment with <no value> in it', () => {
    expect(kindsOf(`# <no value>\n${job()}`)).toEqual(['Job']);
  });
});

describe('a rendered Job template that is none', () => {
  const named = (name: string): string => job().replace('name: build', name);

  it.each([
    ['no Job', secret, 'f:1:1: there is no Job in it (a template holds exactly one)'],
    ['nothing', '', 'f:1:1: there is no Job in it (a template holds exactly one)'],
    [
      'two Jobs',
      `${job()}---\n${job('2')}`,
      'f:6:1: a second Job: a template holds exactly one (the first one is build in line 1)',
    ],
    [
      'another kind',
      `${job()}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\n`,
      'f:7:7: a template may hold no Deployment (it may hold one Job, and Secrets, Services, ConfigMaps, PersistentVolumeClaims)',
    ],
    [
      'a Namespace',
      `apiVersion: v1\nkind: Namespace\nmetadata: { name: x }\n---\n${job()}`,
      'f:2:7: a template may hold no Namespace (a template that writes {{ .Namespace }} gets one made)',
    ],
    [
      'another version',
      job().replace('batch/v1', 'batch/v1beta1'),
      'f:1:13: Job of batch/v1beta1 is not taken (write batch/v1)',
    ],
    [
      'a kind like a property of every object',
      job().replace('Job', 'constructor'),
      'f:2:7: a template may hold no constructor',
    ],
    ['no kind', `${job()}---\na: b\n`, 'f:6:1: an object without a kind'],
    ['a list', `- a\n---\n${job()}`, 'f:1:1: an object without a kind'],
    ['no name', named(''), 'f:3:1: Job: metadata.name must be text'],
    ['a name that is a number', named('name: 5'), 'f:3:19: Job: metadata.name must be text'],
    [
      'a name with capitals',
      named('name: Build'),
      'f:3:19: "Build" can be no name (a-z, 0-9 and hyphens, as in widget-1)',
    ],
    [
      'a namespace of 80 characters',
      named(`name: b, namespace: ${'n'.repeat(80)}`),
      'f:3:33: the namespace has 80 characters; it may have 63',
    ],
    [
      'two namespaces',
      `${named('name: b, namespace: one')}---\n${secret.replace('name: token', 'name: token, namespace: two')}`,
      'f:8:37: the namespace two is not that of the objects before it, one (a template uses one namespace)',
    ],
    [
      'the same object twice',
      `${secret}---\n${secret}---\n${job()}`,
      'f:6:1: Secret token is written twice (the first one is in line 1)',
    ],
    [
      'a variable that is not there',
      job().replace('busybox', '<no value>'),
      'f:4:63: <no value> is left in image: the template uses a variable that is not there (docs/job-templates.md lists what there is)',
    ],
    ['a key twice', `${job()}kind: Job\n`, 'f:5:1: kind is written twice (the first one is in line 2)'],
    ['no YAML', `${job()}: [\n`, 'f:6:1: YAML: '],
    ['an alias without an anchor', `${job()}x: *y\n`, 'f:5:4: there is no anchor &y above this alias'],
    ['a text cut by ---', `${job()}x: "a\n---\nb"\n`, 'f:5:6: '],
    ['bytes that are no text', Buffer.from([0x61, 0xff]), 'f:1:2: the file is not UTF-8 (save it as UTF-8)'],
    [
      '5 MB',
      `${job()}# ${'x'.repeat(5_000_000)}`,
      'f:1:1: the file is 5 MiB; what a template is rendered to may have at most 1024 KiB',
    ],
  ])('is told: %s', (_what, text, expected) => {
    expect(faultsOf(text).slice(0, expected.length)).toBe(expected);
  });

  it('tells every fault at once', () => {
    const text = `${named('name: B')}---\napiVersion: v1\nkind: Pod\n---\n${secret.replace('name: token', 'name: "-"')}`;
    expect(faultsOf(text).split('\n')).toHaveLength(3);
  });

  it.each([
    [
      'aliases of aliases',
      `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghij'.replace(/./g, (letter, at: number) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(', ')}]\n`)}`,
    ],
    ['an alias to what it is in', 'a: &a { b: *a }\n'],
    ['a merge of what it is in', 'a: &a { <<: *a }\n'],
    ['a long word and no value', `a: ${'x'.repeat(900_000)}<no value>\n`],
    ['a hundred thousand brackets', `a: ${'['.repeat(100_000)}\n`],
    ['a hundred thousand documents', '---\na: b\n'.repeat(100_000)],
    ['fifty thousand keys', Array.from({ length: 50_000 }, (_, index) => `k${index}: 1\n`).join('')],
  ])('is refused within seconds: %s', (_what, text) => {
    const begun = performance.now();
    expect(readManifest(text).ok).toBe(false);
    expect(performance.now() - begun).toBeLessThan(60_000);
  });
});
