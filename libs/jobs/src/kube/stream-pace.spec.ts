import { StreamPace } from './stream-pace';

describe('the pace of a stream', () => {
  let nowMs: number;
  let pace: StreamPace;
  beforeEach(() => {
    nowMs = 0;
    pace = new StreamPace(() => nowMs);
  });
  const bring = (bytes: number, afterMs: number) => {
    pace.asked();
    nowMs += afterMs;
    pace.heard(bytes);
  };

  it('is at rest when nothing came for a moment, but not while we are busy with what came', () => {
    bring(100, 10);
    nowMs += 10_000;
    expect(pace.isAtRest).toBe(false);
    pace.asked();
    expect(pace.isAtRest).toBe(false);
    nowMs += 250;
    expect(pace.isAtRest).toBe(true);
  });

  it('is not at rest so soon while much comes', () => {
    for (let count = 0; count < 20; count += 1) bring(64 * 1024, 100);
    pace.asked();
    nowMs += 1_000;
    expect(pace.isAtRest).toBe(false);
    nowMs += 1_000;
    expect(pace.isAtRest).toBe(true);
  });
});
