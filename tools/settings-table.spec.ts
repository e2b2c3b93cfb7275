import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { settings, variablesOf } from '@keelson/deployment';
import type { Setting, SettingName } from '@keelson/deployment';
import { names as bootstrapper } from '../apps/bootstrapper/src/config';
import { names as imageBuilder } from '../apps/image-builder/src/config';
import { names as registryPoller } from '../apps/registry-poller/src/config';
import { names as testRunner } from '../apps/test-runner/src/config';
import { names as watcher } from '../apps/watcher/src/config';

const readers: Record<string, readonly SettingName[]> = {
  watcher,
  bootstrapper,
  'image-builder': imageBuilder,
  'registry-poller': registryPoller,
  'test-runner': testRunner,
};

/** The table of docs/deploying.md. */
function table(): string {
  const rows = (Object.keys(settings) as SettingName[]).map((name) => {
    const setting: Setting = settings[name];
    const by = Object.keys(readers).filter((service) => readers[service]?.includes(name));
    const who = by.length === Object.keys(readers).length ? 'all' : by.join(', ');
    const preset = setting.written === '' ? 'none' : setting.written;
    const otherwise = preset ?? (setting.isRequired ? '**required**' : 'none');
    return [
      variablesOf(name)
        .map((variable) => `\`${variable}\``)
        .join(' or '),
      setting.what,
      otherwise,
      who,
    ];
  });
  const lines = [['variable', 'what', 'otherwise', 'read by'], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** As it is whatever a formatter makes of it. */
const plain = (markdown: string): string =>
  markdown
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').replace(/-+/g, '-').trim())
    .join('\n');

describe('the table of settings in docs/deploying.md', () => {
  const file = path.join(__dirname, '../docs/deploying.md');
  const mark = '<!-- settings -->';
  const [before = '', written = '', after = ''] = readFileSync(file, 'utf8').split(mark);
  // `WRITE_DOCS=1 npx jest tools/settings-table.spec.ts` writes it anew; a formatter aligns it.
  if (process.env.WRITE_DOCS === '1') writeFileSync(file, [before, `\n\n${table()}\n\n`, after].join(mark));

  it('is what the services read', () => {
    expect(plain(written.trim())).toBe(plain(table()));
  });

  it('knows a reader of every setting', () => {
    const unread = (Object.keys(settings) as SettingName[]).filter(
      (name) => !Object.values(readers).some((names) => names.includes(name)),
    );
    expect(unread).toEqual([]);
  });
});
