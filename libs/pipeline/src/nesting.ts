import { Lexer, Parser } from 'yaml';
import type { Fault } from './fault';
import { LineIndex } from './line-index';

/** Collections inside one another, far above what any file needs, and far below where the stack ends. */
const mostNested = 200;

/**
 * Refuses what is nested so deeply that yaml, which reads it by recursion, would come to the end of the stack: where a regular
 * expression is compiled there, V8 of Node 20 ends the whole process instead of throwing. Looks with the part of yaml that keeps a
 * stack of its own.
 */
export function nestingFault(text: string): Fault | undefined {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)); // what it makes is not wanted
    if (parser.stack.length > mostNested) {
      const at = new LineIndex(text).position(Math.max(0, parser.offset - 1));
      return { ...at, path: '', message: 'nested too deeply' };
    }
  }
  return undefined;
}
