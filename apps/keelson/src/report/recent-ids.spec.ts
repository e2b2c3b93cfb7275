import { RecentIds } from './recent-ids';

it('knows the last ids again, and forgets older ones', () => {
  const ids = new RecentIds(2);
  expect([ids.add('a'), ids.add('b'), ids.add('a')]).toEqual([true, true, false]);
  expect(ids.add('c')).toBe(true); // forgets a
  expect([ids.add('b'), ids.add('a')]).toEqual([false, true]);
});
