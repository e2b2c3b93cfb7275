import { z } from 'zod';

/** `8080` -> 8080; 0 lets the system choose. A default is written in the same way: `port().prefault('0')`. */
export const port = () =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a port: a whole number from 0 to 65535`,
    });
    return z.NEVER;
  });
