import { z } from 'zod';
import { amount } from './amount';

const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `10s`, `5m`, `1.5h`, `7d` -> milliseconds. A default is written in the same way: `duration().prefault('10s')`. */
export const duration = () =>
  z.string().transform(amount({ units: milliseconds, asked: 'a duration with a unit, as in 500ms, 10s, 5m, 2h, 7d' }));
