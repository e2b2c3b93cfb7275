import type { OutsideEvent } from '@keelson/events';
import { emit, TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { z } from 'zod';
import type { IntakeDeps } from './intake';

const name = z.string().min(1).optional().catch(undefined);
const named = z.object({ id: name, source: name, uri: name, url: name, viewUrl: name });
const repository = z
  .union([z.string().transform((url) => ({ url })), named])
  .optional()
  .catch(undefined);

/** A ref is said to have moved -> the sources that may be meant are looked at. Whether it moved, and where to, the repository says. */
export function changeSaid({ hint, log }: IntakeDeps, event: OutsideEvent): Outcome {
  const names = repositoriesNamed(event);
  if (names.length === 0)
    throw new TerminalError(
      'it names no repository: customData.source or subject.content.repository.source does, with its URL or path',
    );
  // The sender itself may be a repository's address; if it is not, nothing is lost.
  const count = hint([...names, event.source]);
  if (count === 0) log({ event: event.id, source: event.source, names }, 'a change outside of what is watched');
  return emit();
}

function repositoriesNamed({ customData, subject }: OutsideEvent): readonly string[] {
  const ours = z
    .object({ source: name })
    .catch({})
    .parse(customData ?? {});
  const theirs: Partial<Record<keyof z.infer<typeof named>, string | undefined>> =
    repository.parse(subject.content['repository']) ?? {};
  return [ours.source, ...Object.values(theirs), subject.source].filter((each) => each !== undefined);
}
