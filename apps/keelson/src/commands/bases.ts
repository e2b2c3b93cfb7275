import { ImagesInUse, isReason, movedBases, newestBases, planKey } from '@keelson/ledger';
import type { ImageInUse, NewestBases } from '@keelson/ledger';
import { onBaseOf, planSchema } from '@keelson/pipeline';
import type { OnBase } from '@keelson/pipeline';
import { movableName } from '@keelson/registry';
import { printableText } from '../report/printable';
import { shortRef } from '../report/short-ref';
import { writeJson } from './context';
import type { Asking } from './context';

/** `queued`: it is to be built again, and waits for its turn. `behind`: it stays as it is. */
type State = 'current' | 'behind' | 'queued' | 'rebuilding';

/** One image on one base. What is not known is null. */
type OnBaseLine = {
  reference: string;
  /** Where the base's tag was last seen, and when it was first seen there. */
  digest: string | null;
  seenAt: string | null;
  source: string;
  ref: string;
  run: string;
  name: string;
  /** The digest it was built on. */
  builtOn: string | null;
  onBase: OnBase | null;
  state: State;
};

/** `keelson bases`: the base images in use, where their tags are, and what is built on them. */
export async function bases(context: Asking): Promise<void> {
  const lines = await linesOf(context);
  if (context.isJson) {
    for (const line of lines) await writeJson(context, line);
    return;
  }
  if (lines.length === 0)
    await context.problems.write(
      'keelson: no image is on a base that can move; `keelson show` tells what a run built on',
    );
  let above: string | undefined;
  for (const line of lines) {
    if (line.reference !== above) await context.output.write(printableText(baseText(line)));
    await context.output.write(printableText(imageText(line)));
    above = line.reference;
  }
}

async function linesOf({ ledger, signal }: Asking): Promise<readonly OnBaseLine[]> {
  const newest = await newestBases(ledger);
  const policy = async (run: string) => {
    const plan = await ledger.read(planKey(run, planSchema));
    return plan && onBaseOf(plan.pipeline);
  };
  const lines: OnBaseLine[] = [];
  for await (const image of new ImagesInUse(ledger, { policy, movable: movableName }).all()) {
    signal.throwIfAborted();
    lines.push(...imageLines(image, newest));
  }
  return lines.sort((a, b) => (a.reference < b.reference ? -1 : a.reference > b.reference ? 1 : 0));
}

function imageLines({ change, built }: ImageInUse<OnBase>, newest: NewestBases): readonly OnBaseLine[] {
  const { source, ref, run, name } = change;
  const place = { source, ref, run, name };
  const seen = (reference: string) => ({
    ...{ reference, digest: newest.get(reference)?.digest ?? null, seenAt: newest.get(reference)?.seenAt ?? null },
  });
  if (built === undefined)
    return (change.bases ?? []).map(({ reference }) => ({
      ...{ ...seen(reference), ...place, builtOn: null, onBase: null, state: 'rebuilding' as const },
    }));
  const { policy: onBase } = built;
  return built.bases.map((base): OnBaseLine => {
    const moved = movedBases([base], newest);
    const isQueued = onBase === 'rebuild' && isReason(change, moved, newest);
    const state = moved.length === 0 ? 'current' : isQueued ? 'queued' : 'behind';
    return { ...seen(base.reference), ...place, builtOn: base.digest, onBase, state };
  });
}

const baseText = ({ reference, digest, seenAt }: OnBaseLine): string =>
  digest === null ? `${reference}  not looked at yet` : `${reference}  ${digest}  since ${seenAt}`;

const imageText = ({ state, onBase, source, ref, name }: OnBaseLine): string =>
  `  ${state.padEnd(10)}  ${(onBase ?? '').padEnd(7)}  ${name.padEnd(17)}  ${shortRef(ref)}  ${source}`;
