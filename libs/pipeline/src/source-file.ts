import { z } from 'zod';

// Relative, without empty, `.` and `..` parts (but a leading ./), and without control characters.
const fileForm =
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  /^(?:\.\/)?(?!\.{1,2}(?:\/|$))[^/\u0000-\u001f\u007f]+(?:\/(?!\.{1,2}(?:\/|$))[^/\u0000-\u001f\u007f]+)*$/;

/** A file of the commit, by its path from the top. */
export const sourceFile = z
  .string()
  .max(1000, 'may have at most 1000 characters')
  .regex(fileForm, 'must be the path of a file in the source, like ci/build.yaml: relative, without ..')
  .overwrite((path) => path.replace(/^\.\//, ''));
