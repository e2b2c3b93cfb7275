import { nearest } from '@keelson/config';
import type { z } from 'zod';
import type { Fault, Path } from './fault';
import { pathText, shown } from './fault';
import { knownKeys, sectionsWith } from './pipeline';
import { wrongValue } from './type-faults';
import type { Wanted } from './type-faults';
import { keyPlace, valuePlace } from './written';
import type { Written } from './written';

type Issue = z.core.$ZodIssue;

/** What the schema says against a file, in the words of people who wrote it, each at its place. */
export const schemaFaults = (root: Written, issues: readonly Issue[]): readonly Fault[] =>
  issues.flatMap((issue) => faultsOf(root, [], issue));

function faultsOf(root: Written, before: Path, issue: Issue): readonly Fault[] {
  const path: Path = [...before, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(root, path, key));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => wrongName(root, path, message));
  if (issue.code === 'invalid_union') return unionFaults(root, path, issue.errors);
  if (isMisfit(issue)) return [wrongValue(root, path, wantedBy([issue]))];
  // Of the rest the schema itself says what it wants.
  const name = pathText(path);
  return [{ ...valuePlace(root, path), path: name, message: `${name} ${issue.message}` }];
}

function wrongName(root: Written, path: Path, message: string): Fault {
  const name = String(path.at(-1));
  return {
    ...keyPlace(root, path),
    path: pathText(path),
    message: `the name ${shown(name)} in ${pathText(path.slice(0, -1))} ${message}`,
  };
}

/** A value that is of the right kind for one choice is judged as that choice; else all choices are named. */
function unionFaults(root: Written, path: Path, choices: readonly (readonly Issue[])[]): readonly Fault[] {
  const misfits = choices.flatMap((issues) => issues.filter((issue) => issue.path.length === 0 && isMisfit(issue)));
  const fitting = choices.filter((issues) => !issues.some((issue) => misfits.includes(issue)));
  if (fitting[0] !== undefined) return fitting[0].flatMap((issue) => faultsOf(root, path, issue));
  return [wrongValue(root, path, wantedBy(misfits))];
}

const isMisfit = ({ code }: Issue): boolean => code === 'invalid_type' || code === 'invalid_value';

const wantedBy = (misfits: readonly Issue[]): Wanted => ({
  kinds: misfits.flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : [])),
  words: misfits.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(String) : [])),
});

function unknownKey(root: Written, parent: Path, key: string): Fault {
  const path = [...parent, key];
  return {
    ...keyPlace(root, path),
    path: pathText(path),
    message: `unknown key ${pathText(path)}`,
    hint: keyHint(parent, key),
  };
}

function keyHint(parent: Path, key: string): string {
  const known = knownKeys(parent);
  const near = nearest(key, known);
  if (near !== undefined) return `did you mean ${pathText([...parent, near])}?`;
  const [section] = sectionsWith(key);
  if (section !== undefined) return section === '' ? `${key} belongs at the top` : `${key} belongs below ${section}`;
  return `known here: ${known.join(', ')}`;
}
