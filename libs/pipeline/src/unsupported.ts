import { buildStrategy } from './build-section';
import type { Fault, Path } from './fault';
import { pathText } from './fault';
import { entryAt } from './written';
import type { Written } from './written';

/** Where a pipeline runs: all in one process on one machine, or on a cluster. */
export type Column = 'machine' | 'cluster';

type Reserved = {
  path: Path;
  /** Why not, by column; absent: it works there. */
  machine?: string;
  cluster?: string;
  /** The values that ask for more than there is; absent: any. */
  asking?: readonly string[];
};

const cluster = 'needs a cluster';
const later = 'needs a later version of Keelson';

/** Keys whose names are taken and that do not work yet, by column. Refused: a key that does nothing would make a false green. */
const reserved: readonly Reserved[] = [
  { path: ['image', 'git'], machine: later, cluster: later, asking: ['shallow'] },
  { path: ['build', 'strategy'], machine: cluster, asking: buildStrategy.exclude(['append']).options },
  { path: ['test', 'secrets'], machine: cluster },
  { path: ['test', 'services'], machine: cluster },
  { path: ['test', 'resources'], machine: cluster },
  { path: ['test', 'serviceAccount'], machine: cluster },
  { path: ['test', 'namespace'], machine: cluster },
  { path: ['test', 'template'], machine: cluster },
  { path: ['release'], machine: later, cluster: later },
];

/** The written keys that this column cannot honour, each as a fault at its place. */
export function unsupportedKeys(root: Written, column: Column): readonly Fault[] {
  return reserved.flatMap(({ path, asking, ...columns }): Fault[] => {
    const entry = entryAt(root, path);
    const hint = columns[column];
    if (entry === undefined || hint === undefined) return [];
    const value = asking?.find((word) => word === entry.written.value);
    if (asking !== undefined && value === undefined) return [];
    const name = pathText(path);
    const what = value === undefined ? name : `${name}: ${value}`;
    return [{ ...entry.keyAt, path: name, message: `not yet on this column: ${what}`, hint }];
  });
}
