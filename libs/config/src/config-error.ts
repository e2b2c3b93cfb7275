/** One key that cannot be used, by the name of its environment variable. */
export type ConfigFault = { key: string; message: string };

/** The environment does not make a configuration. Names every fault at once; values of secrets are never in it. */
export class ConfigError extends Error {
  readonly code = 'config';
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    const lines = faults.map(({ key, message }) => `  ${key}: ${message}`);
    super([`the configuration has ${count}:`, ...lines].join('\n'));
  }
}
