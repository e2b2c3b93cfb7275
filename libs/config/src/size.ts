import { z } from 'zod';
import { amount } from './amount';

const bytes = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `4096`, `64KiB`, `8MiB`, `1.5GB` -> bytes. A default is written in the same way: `sizeBytes().prefault('8MiB')`. */
export const sizeBytes = () =>
  z.string().transform(amount({ units: bytes, asked: 'a size, as in 4096, 64KiB, 8MiB, 2GB' }));
