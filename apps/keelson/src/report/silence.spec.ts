import { Silence } from './silence';

describe('a test that prints nothing', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is said to run after a minute, then ever more rarely', () => {
    const said: string[] = [];
    const silence = new Silence((message) => said.push(message));
    jest.advanceTimersByTime(59_000);
    expect(said).toEqual([]);
    jest.advanceTimersByTime(10 * 60_000);
    silence.end();
    expect(said.map((message) => message.replace(/.*for /, ''))).toEqual([
      '1 min 00 s',
      '2 min 00 s',
      '4 min 00 s',
      '8 min 00 s',
    ]);
  });

  it('begins anew with every line', () => {
    const said: string[] = [];
    const silence = new Silence((message) => said.push(message));
    for (let times = 0; times < 5; times += 1) {
      jest.advanceTimersByTime(50_000);
      silence.heard();
    }
    expect(said).toEqual([]);
    jest.advanceTimersByTime(60_000);
    silence.end();
    expect(said).toHaveLength(1);
  });

  it('is not heard of after its end', () => {
    const said: string[] = [];
    new Silence((message) => said.push(message)).end();
    jest.advanceTimersByTime(120_000);
    expect(said).toEqual([]);
  });
});
