import { asStoreError } from './file-error';
import { ObjectStoreError } from './object-store';

const failed = (code: string) => Object.assign(new Error(`${code}: something`), { code });

describe('an error of the file system', () => {
  it.each([
    ['ENOSPC', true, /free some space/],
    ['EDQUOT', true, /quota/],
    ['EIO', true, /check the disk/],
    ['EMFILE', true, /limit of open files/],
    ['EACCES', false, /permission denied/],
    ['EROFS', false, /read-only/],
    ['EWHATEVER', true, /file system refused/],
  ])('%s says what to do, and whether trying again can help', (code, transient, advice) => {
    const told = asStoreError(failed(code), 'storing the object a/b');
    expect(told).toBeInstanceOf(ObjectStoreError);
    expect(told).toMatchObject({ transient, cause: expect.objectContaining({ code }) });
    expect(String(told)).toMatch(/storing the object a\/b failed with E/);
    expect(String(told)).toMatch(advice);
  });

  it.each([
    new TypeError('a bug'),
    new ObjectStoreError('told before', false),
    Object.assign(new Error('x'), { code: 'ERR_X' }),
  ])('is told from any other: %s', (error) => {
    // ERR_X is Node telling of a fault of ours, not of the system's.
    expect(asStoreError(error, 'storing')).toBe(error);
  });
});
