import { z } from 'zod';

/** `a, b,c` -> ['a', 'b', 'c']. Empty entries are dropped. A default is written in the same way: `list().prefault('')`. */
export const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );
