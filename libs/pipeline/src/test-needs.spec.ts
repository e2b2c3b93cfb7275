import { describeFaults } from './fault';
import { parsePipeline } from './parse-pipeline';

const testOf = (needs: string) => parsePipeline(`test: { command: [a], ${needs} }`, { column: 'cluster' });
const faultsOf = (needs: string): string => {
  const result = testOf(needs);
  return result.ok ? 'none' : describeFaults(result.faults, 'f');
};

describe('what a test gets from a cluster', () => {
  it('is taken as it is written, amounts as text', () => {
    const result = testOf(
      'resources: { cpu: 2, memory: 4Gi, gpus: 1, devices: { amd.com/gpu: 2 }, nodeSelector: { gpu: a100 } }, ' +
        'services: [{ name: db, image: p:1, ready: { port: 1 } }, { name: web, image: w:1, ready: { httpGet: { port: 80, path: / } } }]',
    );
    expect(result.ok && result.pipeline.test).toMatchObject({
      resources: { cpu: '2', memory: '4Gi', gpus: 1, devices: { 'amd.com/gpu': 2 }, nodeSelector: { gpu: 'a100' } },
      services: [{ name: 'db' }, { ready: { httpGet: { port: 80, path: '/' } } }],
    });
  });

  it.each([
    ['resources: { memory: lots }', 'resources.memory'],
    ['resources: { gpus: 0 }', 'resources.gpus'],
    ['resources: { gpu: 1 }', 'gpu'],
    ['services: [{ name: Data Base, image: p, ready: { port: 1 } }]', 'services[0].name'],
    ['services: [{ name: db, image: p }]', 'services[0].ready'],
    ['services: [{ name: db, image: p, ready: { port: 99999 } }]', 'services[0].ready'],
    ['services: [{ name: a, image: p, ready: { port: 1 } }, { name: a, image: p, ready: { port: 1 } }]', 'services'],
    ['secrets: { TOKEN: { secret: x } }', 'secrets.TOKEN.key'],
    ['secrets: { KEELSON_RUN: { secret: x, key: y } }', 'secrets'],
    ['namespace: Other', 'namespace'],
  ])('is refused with its place: %s', (needs, place) => {
    expect(faultsOf(needs)).toContain(place);
  });
});
