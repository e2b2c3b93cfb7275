import path from 'node:path';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event } from '@keelson/events';
import { namedSource, parseSource, SourceError } from '@keelson/git';
import type { Source } from '@keelson/git';
import { Watches, watchName } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { printableText } from '../report/printable';
import { UsageError } from '../usage-error';
import { publish } from './ask';
import { writeJson } from './context';
import type { Asking } from './context';

/** `keelson watch SOURCE...`: asks for sources to be watched, now and after restarts. */
export async function watch(context: Asking, names: readonly string[]): Promise<void> {
  const sources = await Promise.all(names.map((name) => parseSource(name, { cwd: process.cwd() })));
  for (const { location, name } of sources) {
    if (location.kind === 'remote' && location.credentials !== undefined)
      throw new UsageError(
        `name ${name} without credentials: they would be kept in events; git's credential helper or --token-file of \`keelson up\` gives them`,
      );
  }
  await publish(
    context,
    ...sources.map((source) => ({
      event: requestFor(eventTypes.sourceWatched, source),
      said: `asked for ${nameOf(source)} to be watched`,
    })),
  );
}

/** `keelson unwatch SOURCE...`: asks for sources not to be watched any more. What they started goes on. */
export async function unwatch(context: Asking, names: readonly string[]): Promise<void> {
  const sources = await Promise.all(names.map(sourceToLeave));
  const records = await new Watches(context.ledger).current();
  const watched = new Set(records.filter(({ isWatched }) => isWatched).map(watchName));
  await publish(
    context,
    ...sources.map((source) => ({
      event: requestFor(eventTypes.sourceUnwatched, source),
      said: watched.has(nameOf(source))
        ? `asked for ${nameOf(source)} not to be watched any more`
        : `${nameOf(source)} was not asked for: if a running keelson was started with it, it is watched until that ends`,
    })),
  );
}

/** The repository may be gone: that may be why. */
async function sourceToLeave(text: string): Promise<Source> {
  try {
    return await parseSource(text, { cwd: process.cwd() });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const at = text.lastIndexOf('^');
    const [place, pattern] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
    return namedSource({ source: path.resolve(place), pattern });
  }
}

const nameOf = ({ name, pattern }: Source): string => watchName({ source: name, pattern });

function requestFor(type: typeof eventTypes.sourceWatched | typeof eventTypes.sourceUnwatched, source: Source): Event {
  const { name, pattern } = source;
  return composeEvent({
    // A request is of no run: its chain is its own.
    ...{ type, work: { run: newRunId(), attempt: 1, stage: 'source' }, service: 'command' },
    ...{ subjectId: nameOf(source), content: {}, time: new Date().toISOString() },
    customData: { source: name, ...(pattern === undefined ? {} : { pattern }) },
  });
}

/** What is known of a source. `seen`: nobody asked for it, but a keelson that was started with it recorded changes. */
type Known = {
  source: string;
  pattern?: string;
  state: 'watched' | 'unwatched' | 'seen';
  since?: string;
  refs: number;
};

/** `keelson sources`: what is watched because somebody asked for it, and what else was ever seen to change. */
export async function sources(context: Asking): Promise<void> {
  const known = await knownSources(context.ledger);
  for (const each of known) await (context.isJson ? writeJson(context, each) : context.output.write(line(each)));
  if (known.length === 0 && !context.isJson)
    await context.problems.write('keelson: no source is known here; `keelson watch SOURCE` asks for one');
}

async function knownSources(ledger: Ledger): Promise<readonly Known[]> {
  const refs = new Map<string, number>();
  for await (const { source } of ledger.refs()) refs.set(source, (refs.get(source) ?? 0) + 1);
  const asked = (await new Watches(ledger).current()).map(({ source, pattern, isWatched, askedAt }): Known => ({
    ...{ source, state: isWatched ? 'watched' : 'unwatched', since: askedAt, refs: refs.get(source) ?? 0 },
    ...(pattern === undefined ? {} : { pattern }),
  }));
  const names = new Set(asked.map(({ source }) => source));
  const others = [...refs].filter(([source]) => !names.has(source));
  return [...asked, ...others.map(([source, count]): Known => ({ source, state: 'seen', refs: count }))];
}

function line(known: Known): string {
  const since = known.since === undefined ? '' : ` since ${known.since}`;
  const refs = known.refs === 1 ? '1 ref' : `${known.refs} refs`;
  return printableText(`${known.state.padEnd(9)}  ${watchName(known)}${since}  ${refs} recorded`);
}
