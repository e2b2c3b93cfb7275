import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compiled, scratch } from '../process-harness.contract';
import { removeTree } from './remove-tree';

const nobody = 65_534;

describe('the removal of a directory', () => {
  const root = scratch();
  const code = compiled();
  afterAll(() => {
    for (const directory of [root, code.directory]) rmSync(directory, { recursive: true });
  });

  it('takes everything below, and nothing behind a link', async () => {
    const tree = path.join(root, '-tree');
    mkdirSync(path.join(tree, 'a'), { recursive: true });
    writeFileSync(path.join(root, 'kept'), '');
    symlinkSync(root, path.join(tree, 'a', 'link'));
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x0a])]), '');
    // Deeper than the system takes a path: each half is not.
    const half = Array(30).fill('d'.repeat(100)).join('/');
    for (const name of ['upper', 'lower']) mkdirSync(path.join(tree, name, half), { recursive: true });
    renameSync(path.join(tree, 'lower'), path.join(tree, 'upper', half, 'lower'));
    await removeTree(tree);
    expect(existsSync(tree)).toBe(false);
    expect(existsSync(path.join(root, 'kept'))).toBe(true);
    await removeTree(tree);
  });

  it('takes directories that may not be written to', () => {
    const tree = path.join(root, 'locked');
    mkdirSync(path.join(tree, 'module'), { recursive: true });
    writeFileSync(path.join(tree, 'module', 'file'), '');
    // As root nothing is locked: the removal runs as somebody else then.
    const asRoot = process.getuid?.() === 0;
    const owned = [path.join(tree, 'module', 'file'), path.join(tree, 'module'), tree, root];
    if (asRoot) for (const one of owned) chownSync(one, nobody, nobody);
    chmodSync(path.join(tree, 'module'), 0o500);
    chmodSync(tree, 0o500);
    if (asRoot) chmodSync(code.directory, 0o755);
    const program = `require(process.argv[1]).removeTree(process.argv[2]).catch(() => process.exit(1))`;
    const user = asRoot ? { uid: nobody, gid: nobody } : {};
    execFileSync(process.execPath, ['-e', program, path.join(code.directory, 'supervisor', 'remove-tree.js'), tree], {
      ...user,
      cwd: '/',
    });
    expect(existsSync(tree)).toBe(false);
  });
});
