import { describeFaults } from './fault';
import { parsePipeline, unsupportedOn } from './parse-pipeline';
import type { Column } from './unsupported';

function refusals(text: string, column: Column): readonly string[] {
  const parsed = parsePipeline(text);
  if (!parsed.ok) throw new Error(describeFaults(parsed.faults, 'f'));
  const told = describeFaults(unsupportedOn(parsed, column), 'f');
  return told === '' ? [] : told.split('\n');
}

const reserved = `image: { git: shallow }
test:
  command: [a]
  secrets: { TOKEN: { secret: token, key: value } }
  services: [{ name: db, image: postgres, ready: { port: 5432 } }]
  resources: { cpu: 1 }
  serviceAccount: tester
  namespace: team
release: {}
build: { strategy: kaniko }
`;

describe('a key that a column cannot honour', () => {
  it('is named on one machine, at its place, with what it needs', () => {
    expect(refusals(reserved, 'machine')).toEqual([
      'f:1:10: not yet on this column: image.git: shallow (needs a later version of Keelson)',
      'f:10:10: not yet on this column: build.strategy: kaniko (needs a cluster)',
      'f:4:3: not yet on this column: test.secrets (needs a cluster)',
      'f:5:3: not yet on this column: test.services (needs a cluster)',
      'f:6:3: not yet on this column: test.resources (needs a cluster)',
      'f:7:3: not yet on this column: test.serviceAccount (needs a cluster)',
      'f:8:3: not yet on this column: test.namespace (needs a cluster)',
      'f:9:1: not yet on this column: release (needs a later version of Keelson)',
    ]);
  });

  it('is not named on a cluster where a cluster is all it needs', () => {
    const keys = refusals(reserved, 'cluster').map((line) => /column: ([\w.]+)/.exec(line)?.[1]);
    expect(keys).toEqual(['image.git', 'release']);
  });

  it.each(['machine', 'cluster'] as const)('may ask for what is there anyway (%s)', (column) => {
    const text = 'image: { git: none }\nbuild: { strategy: append }\ntest: none\nonBase: rebuild\n';
    expect(refusals(text, column)).toEqual([]);
  });

  it.each(['test: { template: ci.yaml }', 'test: none\nbuild: { strategy: template, template: ci.yaml }'])(
    'may be a template on a cluster only: %s',
    (text) => {
      expect(refusals(text, 'cluster')).toEqual([]);
      expect(refusals(text, 'machine')).toEqual([expect.stringContaining('(needs a cluster)')]);
    },
  );
});
