import { runName } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { UsageError } from '../usage-error';

/** The id of a run from what a person types: its id, the beginning of it, its name, or `last`. @throws UsageError */
export async function findRun(ledger: Ledger, text: string): Promise<string> {
  const runs = await ledger.runs();
  const last = runs.at(-1);
  if (last === undefined)
    throw new UsageError('there are no runs yet; `keelson up` makes some, or name the data directory with --data');
  if (text === 'last') return last;
  const found = runs.filter(
    (run) => run === text || runName(run) === text || (text.length >= 8 && run.startsWith(text)),
  );
  const [only, ...others] = found;
  if (only === undefined) throw new UsageError(`there is no run ${JSON.stringify(text)}; \`keelson runs\` lists them`);
  if (others.length > 0)
    throw new UsageError(`${JSON.stringify(text)} could be any of ${found.join(', ')}; give the id`);
  return only;
}
