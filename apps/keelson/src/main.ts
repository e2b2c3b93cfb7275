import { program } from './program';
import { endWith } from './end';

program(process.argv)
  .then((status) => endWith(status))
  .catch((error: unknown) => endWith(error));
