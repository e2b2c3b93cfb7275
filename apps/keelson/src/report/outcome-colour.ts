import type { ShownOutcome } from '@keelson/ledger';
import type { createColors } from 'picocolors';

type Colours = ReturnType<typeof createColors>;

/** What tells outcomes apart at a glance. */
export function outcomeColour(colours: Colours, outcome: ShownOutcome): (text: string) => string {
  switch (outcome) {
    case 'success':
      return colours.green;
    case 'failure':
    case 'error':
      return colours.red;
    case 'cancel':
    case 'skipped':
      return colours.yellow;
    case 'running':
      return colours.cyan;
  }
}
