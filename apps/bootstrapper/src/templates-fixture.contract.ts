import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { RunData } from '@keelson/events';
import { endKey, manifestKey } from '@keelson/ledger';
import { manifestRecord, readManifest, SealingKey } from '@keelson/pipeline';
import type { ManifestObject } from '@keelson/pipeline';
import { TemplateRenderer } from '@keelson/template';
import { toldTwice, typesOf } from '@keelson/testbed';
import { World } from './bootstrapper-fixture.contract';
import { freezeSource } from './stage';
import type { TemplateDeps } from './template-deps';

export const renderer = new TemplateRenderer({ timeMs: 60_000 });

export const key = new SealingKey(randomBytes(32));
export const env = {
  Registry: "'10.1.1.46:32000':\n  .*:\n    security:\n      basic: { username: me, password: hunter2-reg }\n",
  GITHUB_TOKEN: 's3cr3t',
  LEVEL: 'debug',
};
export const pipelineFile =
  'image: { name: team/widget }\nbuild: { strategy: template, template: ci/build.yaml }\ntest: none\n';
export const job = `apiVersion: batch/v1
kind: Job
metadata: { name: 'build-{{ .ID }}', namespace: '{{ .Namespace }}' }
spec:
  template:
    spec:
      containers: [{ name: main, image: busybox, args: ['{{ .Image }}'] }]
`;
export const secret = `apiVersion: v1
kind: Secret
metadata: { name: registry, namespace: '{{ .Namespace }}' }
stringData: { registry.yaml: {{ env "Registry" | quote }} }
data: { token: {{ expandenv "$GITHUB_TOKEN" | b64enc }} }
---
`;
export const readme = '# Widget <repo-version>0.9.14-feature-212-aaaagjecnus</repo-version>\n';

/** A repository whose commits are built by a template, and what becomes of them. */
export class TemplateWorld {
  private constructor(readonly world: World) {}

  static async open(): Promise<TemplateWorld> {
    const world = await World.open();
    world.git('config', 'core.autocrlf', 'false');
    return new TemplateWorld(world);
  }

  templates = (more: Partial<TemplateDeps> = {}): TemplateDeps => ({
    ...{ renderer, key, env, keepNamespaces: false, ...more },
  });

  commit(build: string, files: Record<string, string> = {}): string {
    mkdirSync(path.join(this.world.source, 'ci'), { recursive: true });
    return this.world.commit({ '.keelson.yaml': pipelineFile, 'README.md': readme, 'ci/build.yaml': build, ...files });
  }

  async froze(id: string, more: Partial<TemplateDeps> = {}, of: Partial<RunData> = {}) {
    const { world } = this;
    const event = await world.change(id, of);
    const told = await toldTwice(
      freezeSource(world.deps({ column: 'cluster', templates: this.templates(more) })),
      event,
    );
    const { run } = event.data.customData;
    const record = await world.ledger.read(manifestKey(run, 'build', manifestRecord));
    return { run, told: typesOf(told), record, end: await world.ledger.read(endKey(run, 1)) };
  }

  /** What the Job is created from. */
  async objectsOf(id: string, more: Partial<TemplateDeps> = {}): Promise<readonly ManifestObject[]> {
    const { run, record } = await this.froze(id, more);
    const read = readManifest(key.open(record?.sealed ?? key.seal('', ''), `${run} build`));
    if (!read.ok) throw new Error(JSON.stringify(read.faults));
    return read.manifest.objects;
  }
}
