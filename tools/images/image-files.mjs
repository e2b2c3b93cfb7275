// Which files an image of Keelson holds, as paths relative to the checkout.
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { projectDirs, root } from '../prepare.mjs';

/** What only compilers and people read. */
const isNeverLoaded = (file) => /\.(d\.[cm]?ts|map|md|markdown)$/i.test(file) || /(^|\/)\.bin\//.test(file);

/** Every package that runs need, with the files of each: from the lock file, so that it is the same on every machine of one kind. */
export function packageFiles() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([dir, entry]) => dir.includes('node_modules/') && !entry.dev && existsSync(path.join(root, dir)))
    .flatMap(([dir, entry]) => (entry.link ? [dir] : filesBelow(dir, (name) => name !== 'node_modules')))
    .filter((file) => !isNeverLoaded(file));
}

/** What Keelson's own code consists of when it runs. */
export function ownFiles() {
  const perProject = projectDirs().flatMap((dir) => [
    path.join(dir, 'package.json'),
    ...['dist', 'bin', 'sandbox'].flatMap((inner) => filesBelow(path.join(dir, inner), () => true)),
  ]);
  return ['package.json', ...perProject].filter((file) => !isNeverLoaded(file));
}

function filesBelow(dir, mayEnter) {
  if (!existsSync(path.join(root, dir))) return [];
  return readdirSync(path.join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) return mayEnter(entry.name) ? filesBelow(file, mayEnter) : [];
    return [file];
  });
}

/** How git stores a file: its mode and, of a symbolic link, where it leads. */
export function kindOf(file) {
  const stat = lstatSync(path.join(root, file));
  if (stat.isSymbolicLink()) return { mode: '120000', target: readlinkSync(path.join(root, file)) };
  return { mode: (stat.mode & 0o111) === 0 ? '100644' : '100755' };
}
