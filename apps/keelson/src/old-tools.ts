import type { Command } from 'commander';
import { buffer } from 'node:stream/consumers';
import { semver } from './commands/semver';
import { hasJobTemplate } from './job-template/options';
import { stencil } from './commands/stencil';
import { wholeEnvironment } from './old-tools/config';
import type { ToolIo } from './old-tools/tool-io';

const tools = {
  stencil: { run: stencil, description: 'render a template, as the tool of that name did' },
  semver: { run: semver, description: 'read and raise the version in the README, as the tool of that name did' },
} as const;

/** Lists the old tools in the help. Their options are not commander's: `runOldTool` reads them. */
export function defineOldTools(root: Command): void {
  for (const [name, { description }] of Object.entries(tools)) root.command(name).description(description);
}

/**
 * Runs a tool that Keelson took over with its whole command line. @param argv as `process.argv`
 * @returns its exit status; undefined when another command is meant
 */
export async function runOldTool(argv: readonly string[]): Promise<number | undefined> {
  const name = argv[2] ?? '';
  const args = argv.slice(3);
  if (name === 'watch' && hasJobTemplate(args)) {
    return (await import('./job-template/watch.js')).watchJobTemplate(processIo(args));
  }
  if (!Object.hasOwn(tools, name)) return undefined;
  return tools[name as keyof typeof tools].run(processIo(args));
}

function processIo(args: readonly string[]): ToolIo {
  process.stdout.on('error', () => undefined); // EPIPE: nobody reads any more
  return {
    args,
    env: wholeEnvironment(),
    cwd: process.cwd(),
    stdin: () => buffer(process.stdin),
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    now: () => new Date(),
  };
}
