import { Command } from 'commander';
import { defineOldTools, runOldTool } from './old-tools';

describe('the old tools', () => {
  it('leave every other command alone', async () => {
    for (const name of ['runs', 'toString', '--json', undefined]) {
      expect(await runOldTool(['node', 'keelson', ...(name === undefined ? [] : [name])])).toBeUndefined();
    }
  });

  it('are listed in the help', () => {
    const root = new Command('keelson');
    defineOldTools(root);
    expect(root.helpInformation()).toMatch(/stencil .*\n.*semver/);
  });
});
