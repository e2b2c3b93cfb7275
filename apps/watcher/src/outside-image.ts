import { newRunId } from '@keelson/events';
import type { OutsideEvent, RunData } from '@keelson/events';
import { beginKey, changeKey, endKey, imagesPrefix, inboxKey, runFields, runName } from '@keelson/ledger';
import type { BeginRecord, ChangeRecord, InboxRecord, Ledger } from '@keelson/ledger';
import { formatImageReference, formatRepository, RegistryAuthError, RegistryUnavailableError } from '@keelson/registry';
import type { ImageReference } from '@keelson/registry';
import { again, againLater, emit, TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { instant, service } from './deps';
import { imageNamed } from './image-named';
import type { IntakeDeps } from './intake';
import { knownRun } from './known-run';
import { imagePackaged, imageRunStarted } from './tell';

/** An image with its digest, and the ref under which its changes are recorded. */
type Image = { repository: string; digest: string; tag: string | undefined; ref: string };

/** How an event from outside was received. */
export type Received = { receivedAtMs: number; signal: AbortSignal };

/** An image is said to be there -> a run that begins at it, once for each event and once for each time that its tag moved. */
export async function imageSaid(deps: IntakeDeps, event: OutsideEvent, received: Received): Promise<Outcome> {
  if (event.chainId !== undefined) throw new TerminalError(await whoseChain(deps.ledger, event.chainId));
  const reference = imageNamed(event);
  const found = await digestOf(deps, reference, received);
  if (typeof found !== 'string') return found;
  const image = imageOf(reference, found);
  if (await isOurs(deps.ledger, image)) {
    deps.log({ event: event.id, source: event.source, image: image.repository }, 'an image of our own was told of');
    return emit();
  }
  const change = await changeOf(deps, event, image);
  return change === undefined ? again('1s', 'another change of the same tag was recorded first') : tell(deps, change);
}

async function whoseChain(ledger: Ledger, chainId: string): Promise<string> {
  const run = await knownRun(ledger, chainId);
  return run !== undefined
    ? `it claims to belong to our run ${run}: only our own services tell of that`
    : `it belongs to the chain ${JSON.stringify(chainId)}, which is no run here: without a chainId it would begin one`;
}

/** The digest, asked of the registry where the event names a tag only; or what to do when it cannot be told. */
async function digestOf(deps: IntakeDeps, reference: ImageReference, received: Received): Promise<string | Outcome> {
  if (reference.digest !== undefined) return reference.digest;
  const name = formatImageReference(reference);
  const missing = await deps.client.head(reference, received.signal).catch((error: unknown) => {
    if (error instanceof RegistryUnavailableError || error instanceof RegistryAuthError) return error;
    throw error;
  });
  if (missing !== undefined && !(missing instanceof Error)) return missing.digest;
  const message = missing?.message ?? `${name} is not in the registry`;
  const elapsedMs = deps.clock() - received.receivedAtMs;
  if (elapsedMs >= deps.patienceMs) throw new TerminalError(message);
  return againLater(elapsedMs, message);
}

function imageOf(reference: ImageReference, digest: string): Image {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new TerminalError(`the digest ${digest} is no sha256 digest: that is the only kind that can be tested here`);
  const { tag } = reference;
  const ref = tag === undefined ? `refs/digests/${digest.replace(':', '-')}` : `refs/tags/${tag}`;
  return { repository: formatRepository(reference), digest, tag, ref };
}

const isOurs = async ({ store }: Ledger, { repository, digest }: Image): Promise<boolean> =>
  (await store.listSegments(imagesPrefix(repository, digest))).length > 0;

/** The change that this image is: one recorded before, or a new one. Undefined when somebody else was first. */
async function changeOf(deps: IntakeDeps, event: OutsideEvent, image: Image): Promise<ChangeRecord | undefined> {
  const { ledger } = deps;
  const { source, id, type } = event;
  const first: InboxRecord = { source, id, type, chain: newRunId(), receivedAt: instant(deps.clock()) };
  // Read before it is written: what comes ten thousand times costs a read each time, not a write to the disk.
  const before = await ledger.read(inboxKey(source, id));
  const { record, ours: isFirst } =
    before === undefined ? await ledger.write(inboxKey(source, id), first) : { record: before, ours: false };
  const newest = await ledger.newestChange(image.repository, image.ref);
  if (newest?.commit === commitOf(image)) return newest;
  const known = isFirst ? undefined : await recordedBefore(ledger, image, record.chain);
  return known ?? recordNew(ledger, image, { record, newest });
}

async function recordNew(
  ledger: Ledger,
  image: Image,
  { record, newest }: { record: InboxRecord; newest: ChangeRecord | undefined },
): Promise<ChangeRecord | undefined> {
  const { repository: source, ref } = image;
  const { chain: run, receivedAt: seenAt } = record;
  const kind = newest === undefined ? 'created' : 'forced';
  const change: ChangeRecord = {
    ...{ run, name: runName(run), source, ref, commit: commitOf(image), kind, contained: [], seenAt },
    ...{ sequence: (newest?.sequence ?? 0) + 1, previous: newest?.commit ?? null },
  };
  const { ours } = await ledger.write(changeKey(source, ref, change.sequence), change);
  return ours ? change : undefined;
}

/** An image has no commit: its digest stands for it. */
const commitOf = ({ digest }: Image): string => digest.replace('sha256:', '');

/** The change that an event which came before is about: its tag may have moved on since. */
async function recordedBefore(ledger: Ledger, image: Image, run: string): Promise<ChangeRecord | undefined> {
  const { repository, ref } = image;
  for await (const sequence of ledger.sequences(repository, ref)) {
    const change = await ledger.read(changeKey(repository, ref, sequence));
    if (change !== undefined && (change.run === run || change.commit === commitOf(image))) return change;
  }
  return undefined;
}

/** Opens the run's first attempt, and tells of it unless it has ended. */
async function tell({ ledger }: IntakeDeps, change: ChangeRecord): Promise<Outcome> {
  const { run, name, source, ref, sequence, commit, seenAt } = change;
  if (commit === null || (await ledger.read(endKey(run, 1))) !== undefined) return emit();
  const data: RunData = runFields({ run, attempt: 1, source, ref, sequence, commit });
  const begin = (await ledger.read(beginKey(run, 1))) ?? (await open(ledger, { ...data, name, openedAt: seenAt }));
  return emit(imageRunStarted(data, begin.openedAt), imagePackaged(data, begin.openedAt));
}

async function open(ledger: Ledger, run: RunData & Pick<BeginRecord, 'name' | 'openedAt'>): Promise<BeginRecord> {
  const because = 'an event from outside told of the image';
  const begin: BeginRecord = { ...run, from: 'publish', openedBy: service, because };
  return (await ledger.write(beginKey(run.run, 1), begin)).record;
}
