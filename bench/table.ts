import { isMet } from './figure';
import type { Measure } from './figure';
import type { FigureResult } from './result';

/** Numbers to three digits that tell something. */
export function shown(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** One figure for people: a heading, a row for each number, the notes. */
export function table({ name, title, outcome }: FigureResult): string {
  const heading = `${name} · ${title}`;
  if ('skipped' in outcome) return `${heading}\n  skipped: ${outcome.skipped}\n`;
  if ('failed' in outcome) return `${heading}\n  FAILED: ${outcome.failed}\n`;
  const rows = outcome.measures.map((measure) => [
    measure.name,
    shown(measure.value),
    measure.unit,
    aimOf(measure),
    measure.aim === undefined ? '' : isMet(measure) ? 'met' : 'MISSED',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const notes = (outcome.notes ?? []).map((note) => `- ${note}`);
  return `${heading}\n${[...lines, ...notes].map((line) => `  ${line}\n`).join('')}`;
}

function aimOf({ aim, unit }: Measure): string {
  if (aim === undefined) return '';
  return 'atMost' in aim ? `aim <= ${aim.atMost} ${unit}` : `aim >= ${aim.atLeast} ${unit}`;
}
