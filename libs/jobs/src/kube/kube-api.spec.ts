import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openApi } from './kube-api';

describe('the cluster of a kubeconfig', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-kubeconfig-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const write = (name: string, context?: string) => {
    const file = path.join(directory, name);
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', ...(context === undefined ? {} : { 'current-context': context }) },
      clusters: [{ name, cluster: { server: 'http://127.0.0.1:1' } }],
      users: [{ name, user: { token: 'x' } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  };

  it('may be in another file than its context: those that are there count as one', () => {
    const files = [path.join(directory, 'missing'), write('first', 'second'), write('second', 'other')];
    expect(() => openApi(files.join(path.delimiter))).not.toThrow();
  });

  it('is asked for in vain in files that are not there', () => {
    expect(() => openApi(path.join(directory, 'missing'))).toThrow(/by the kubeconfig .*missing: ENOENT/);
  });
});
