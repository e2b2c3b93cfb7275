import { BusUnavailableError } from '@keelson/bus';
import { ObjectStoreError } from '@keelson/objects';
import { untilThere } from './until-there';

describe('untilThere', () => {
  const faults = (errors: readonly Error[]) => {
    const left = [...errors];
    return () => {
      const error = left.shift();
      return error === undefined ? Promise.resolve('open') : Promise.reject(error);
    };
  };

  it('waits for a server that is away, and tells each time', async () => {
    const away = [new BusUnavailableError('away'), new ObjectStoreError('busy', true)];
    const told: unknown[] = [];
    expect(await untilThere(faults(away), { failed: (error) => told.push(error), pauseMs: 1 })).toBe('open');
    expect(told).toEqual(away);
  });

  it('does not ask again one that refuses', async () => {
    const refused = new ObjectStoreError('no such bucket', false);
    const told: unknown[] = [];
    const opening = untilThere(faults([refused]), { failed: (error) => told.push(error), pauseMs: 1 });
    await expect(opening).rejects.toBe(refused);
    expect(told).toEqual([]);
  });
});
