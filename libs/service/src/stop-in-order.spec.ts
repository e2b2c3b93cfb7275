import { stopInOrder } from './stop-in-order';

const hanging = () => new Promise<void>(() => undefined);

describe('stopInOrder', () => {
  it('stops one after the other', async () => {
    const steps: string[] = [];
    const slow = async () => {
      steps.push('services begin');
      await new Promise((resolve) => setTimeout(resolve, 5));
      steps.push('services end');
    };
    const report = await stopInOrder([
      { name: 'services', stop: slow },
      { name: 'bus', stop: () => void steps.push('bus') },
    ]);
    expect(report).toEqual([]);
    expect(steps).toEqual(['services begin', 'services end', 'bus']);
  });

  it('reports what failed, and stops the rest', async () => {
    const stopped: string[] = [];
    const report = await stopInOrder([
      { name: 'services', stop: () => Promise.reject(new Error('no way')) },
      {
        name: 'bus',
        stop: () => {
          throw new Error('not open');
        },
      },
      { name: 'store', stop: () => void stopped.push('store') },
    ]);
    expect(report).toEqual([
      { name: 'services', why: 'no way' },
      { name: 'bus', why: 'not open' },
    ]);
    expect(stopped).toEqual(['store']);
  });

  it('gives every step its share of the time, however long those before it hang', async () => {
    const asked: string[] = [];
    const hang = (name: string) => ({ name, stop: () => (asked.push(name), hanging()) });
    const short = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      asked.push('jobs stopped');
    };
    const report = await stopInOrder([hang('services'), hang('bus'), { name: 'jobs', stop: short }], {
      timeoutMs: 1_500,
    });
    expect(report).toEqual([
      { name: 'services', why: expect.stringMatching(/^did not stop within \d+ ms$/) as string },
      { name: 'bus', why: expect.stringMatching(/^did not stop within \d+ ms$/) as string },
    ]);
    const waitedMs = report.map(({ why }) => Number(/\d+/.exec(why)?.[0]));
    expect(waitedMs[0]! + waitedMs[1]!).toBeLessThan(1_500);
    expect(asked).toEqual(['services', 'bus', 'jobs stopped']);
  });
});
