#!/usr/bin/env node
import { endWith } from './end';
import { runOldTool } from './old-tools';

// The old tools are called many times in a script: they must not wait for all the services to be loaded.
runOldTool(process.argv)
  .then(async (status) => status ?? (await import('./program')).program(process.argv))
  .then((status) => endWith(status))
  .catch((error: unknown) => endWith(error));
