/** One instruction, continued lines joined. */
export type Instruction = {
  /** Of its first line, from 1. */
  line: number;
  /** Upper case. */
  keyword: string;
  /** All behind the keyword. */
  rest: string;
};

/** A stage: its FROM, and what follows. */
export type DockerfileStage = { name?: string; base: string; from: Instruction; instructions: readonly Instruction[] };

export type Dockerfile = {
  /** ARGs before the first FROM. */
  globals: readonly Instruction[];
  stages: readonly DockerfileStage[];
};

/** A Dockerfile's instructions by stage. Never fails: what is no Dockerfile has no stages, and its builder says why. */
export function readDockerfile(text: string): Dockerfile {
  const globals: Instruction[] = [];
  const stages: (DockerfileStage & { instructions: Instruction[] })[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.keyword === 'FROM') stages.push(stageOf(instruction));
    else (stages.at(-1)?.instructions ?? globals).push(instruction);
  }
  return { globals, stages };
}

function stageOf(from: Instruction): DockerfileStage & { instructions: Instruction[] } {
  const words = from.rest.split(/\s+/).filter((word) => !word.startsWith('--'));
  const [base = '', as, name] = words;
  const named = as?.toUpperCase() === 'AS' && name !== undefined ? { name } : {};
  return { ...named, base, from, instructions: [] };
}

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.split(/\r?\n/);
  const escape = /^#\s*escape\s*=\s*([`\\])\s*$/im.exec(lines.slice(0, 3).join('\n'))?.[1] ?? '\\';
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length;) {
    const joined = joinLines(lines, at, escape);
    const [, keyword, rest] = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(joined.text) ?? [];
    const end = keyword === undefined ? joined.next : afterHeredocs(lines, joined.next, rest ?? '');
    if (keyword !== undefined && rest !== undefined) {
      const body = lines.slice(joined.next, end).map((line) => `\n${line}`);
      instructions.push({ line: joined.first + 1, keyword: keyword.toUpperCase(), rest: rest.trim() + body.join('') });
    }
    at = end;
  }
  return instructions;
}

/** The lines that belong together; comments and empty lines between them count for nothing. */
function joinLines(lines: readonly string[], from: number, escape: string) {
  const parts: string[] = [];
  let first = from;
  let next = from;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (/^\s*(?:#|$)/.test(line)) {
      if (parts.length === 0) first = next + 1;
      continue;
    }
    const isContinued = line.trimEnd().endsWith(escape);
    parts.push(isContinued ? line.trimEnd().slice(0, -1) : line);
    if (!isContinued) break;
  }
  return { text: parts.map((part) => part.trim()).join(' '), first, next: next + 1 };
}

/** `<<EOF`, `<<-"EOF"`: the lines up to that word belong to the instruction. */
function afterHeredocs(lines: readonly string[], from: number, rest: string): number {
  let at = from;
  for (const [, tabs, word] of rest.matchAll(/<<(-?)["']?([A-Za-z_]\w*)["']?/g)) {
    const isEnd = (line: string) => (tabs === '-' ? line.replace(/^\t+/, '') : line) === word;
    const end = lines.findIndex((line, index) => index >= at && isEnd(line));
    if (end < 0) return from; // no end: it was no here-document
    at = end + 1;
  }
  return at;
}
