import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

/** Where a command is looked for, as execvp(3) does. */
export type CommandPlace = { cwd: string; searchPath: string };

const headBytes = 256;

/**
 * Why a command cannot be started, in words that help; undefined when nothing speaks against it. Looked at beforehand because execvp runs a
 * file that no loader knows as a shell script, an empty one "successfully": in a container the same file would not start.
 */
export function commandFault(name: string, place: CommandPlace): string | undefined {
  if (name === '') return 'the command is empty';
  const files = candidates(name, place);
  const found = files.find((file) => isFile(file) && isExecutable(file));
  if (found !== undefined) return headFault(name, found, place.cwd);
  if (files.some(isFile)) {
    return `${name} is not executable: "git update-index --chmod=+x ${name}" and a commit make it so`;
  }
  if (files.some((file) => existsSync(file))) return `${name} is not a file`;
  return name.includes('/') ? `there is no file ${name} in the source` : `there is no command ${name} on this machine`;
}

/** What the error of a start says about the command; undefined when it is the machine's. */
export function startFault(name: string, error: NodeJS.ErrnoException): string | undefined {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'it, its interpreter or its working directory is not there',
    EACCES: 'it may not be executed here',
    EPERM: 'it may not be executed here',
    ENOEXEC: 'it is not a program for this machine',
    ENOTDIR: 'a part of its path is not a directory',
    EISDIR: 'it is a directory',
    ELOOP: 'its path has too many symbolic links',
    ENAMETOOLONG: 'its path is too long',
    E2BIG: 'its arguments and environment are too long',
    EINVAL: 'it is not a program for this machine',
    ERR_INVALID_ARG_VALUE: 'a NUL byte is in its arguments or environment',
  };
  const reason = reasons[error.code ?? ''];
  return reason === undefined ? undefined : `${name} could not be started: ${reason} (${error.code})`;
}

function candidates(name: string, { cwd, searchPath }: CommandPlace): string[] {
  if (name.includes('/')) return [path.resolve(cwd, name)];
  return searchPath.split(':').map((directory) => path.resolve(cwd, directory, name));
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false; // not there, or behind something that is no directory
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // that is the answer
  }
}

function headFault(name: string, file: string, cwd: string): string | undefined {
  const head = readHead(file);
  if (head === undefined) return undefined;
  if (head.startsWith('#!')) return interpreterFault(name, head.slice(2).split('\n', 1)[0] ?? '', cwd);
  if (head.includes('\0')) return undefined;
  return `${name} does not say what runs it: its first line must be like "#!/bin/sh"`;
}

/** @param line what follows `#!` */
function interpreterFault(name: string, line: string, cwd: string): string | undefined {
  const interpreter = line.trimStart().split(/[ \t]/, 1)[0] ?? '';
  if (interpreter === '') return `${name} does not say what runs it: its first line is "#!" only`;
  if (existsSync(path.resolve(cwd, interpreter))) return undefined;
  if (!interpreter.endsWith('\r')) return `${name} needs ${interpreter}, which is not on this machine`;
  return `${name} has Windows line ends: its first line asks for "${interpreter.trimEnd()}" with a carriage return`;
}

/** The first bytes, one character each; undefined when they may not be read, as of a program that may only be executed. */
function readHead(file: string): string | undefined {
  try {
    const fd = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(headBytes);
      return bytes.toString('latin1', 0, readSync(fd, bytes, 0, headBytes, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined; // the start itself will tell
  }
}
