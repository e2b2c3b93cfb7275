import { account as prove, fates } from '@keelson/ledger';
import { printableText } from '../report/printable';
import { writeJson } from './context';
import type { Asking } from './context';

/** `keelson account`: what became of every commit. Returns the exit status: 1 when something is unexplained. */
export async function account(context: Asking): Promise<number> {
  const proof = await prove(context.ledger);
  if (context.isJson) {
    await writeJson(context, proof);
    return proof.balanced ? 0 : 1;
  }
  await context.output.write(`commits seen ${proof.seen}`);
  for (const fate of fates) {
    if (proof.fates[fate] > 0) await context.output.write(`  ${fate.padEnd(11)} ${proof.fates[fate]}`);
  }
  if (proof.deletions > 0) await context.output.write(`branches seen to disappear ${proof.deletions}`);
  for (const { what, source, ref, sequence } of proof.unexplained) {
    await context.output.write(printableText(`unexplained: change ${sequence} of ${ref} in ${source}: ${what}`));
  }
  await context.output.write(proof.balanced ? 'the account balances' : 'the account does not balance');
  return proof.balanced ? 0 : 1;
}
