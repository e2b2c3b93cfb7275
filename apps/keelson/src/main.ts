import { endWith } from './end';
import { runOldTool } from './old-tools';

// Scripts call the old tools many times: these must not wait until all the services are loaded.
runOldTool(process.argv)
  .then(async (status) => status ?? (await import('./program.js')).program(process.argv))
  .then((status) => endWith(status))
  .catch((error: unknown) => endWith(error));
