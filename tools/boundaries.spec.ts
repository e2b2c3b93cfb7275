import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(__dirname);

/** What every service is made with. */
const everyApp = ['events', 'config', 'stage', 'bus', 'service', 'deployment'];

/** What each project may import, by hand: a new edge is a decision, made here. */
const allowed: Record<string, readonly string[]> = {
  events: [],
  config: [],
  process: [],
  stage: ['events'],
  bus: ['events', 'process', 'stage'],
  objects: [],
  jobs: ['process'],
  registry: [],
  git: [],
  template: [],
  version: [],
  'registry-server': ['objects', 'registry'],
  ledger: ['events', 'objects'],
  logs: ['objects'],
  pipeline: ['config', 'events'],
  work: ['events', 'jobs', 'ledger', 'logs', 'stage'],
  builders: ['jobs'],
  service: ['events', 'config', 'stage', 'bus'],
  deployment: ['config', 'events', 'bus', 'jobs', 'ledger', 'objects', 'pipeline', 'registry', 'service'],
  'app-watcher': [...everyApp, 'git', 'ledger', 'registry'],
  'app-bootstrapper': [...everyApp, 'git', 'ledger', 'pipeline', 'registry', 'template', 'version'],
  'app-image-builder': [...everyApp, 'builders', 'git', 'jobs', 'ledger', 'logs', 'pipeline', 'registry', 'work'],
  'app-registry-poller': [...everyApp, 'ledger', 'pipeline', 'registry'],
  'app-test-runner': [...everyApp, 'jobs', 'ledger', 'pipeline', 'work'],
};
const everything = Object.keys(allowed);

type Project = { name: string; dir: string; layer: string; dependencies: readonly string[] };

function projects(): Project[] {
  const inside = (dir: string) => readdirSync(path.join(root, dir)).map((name) => path.join(dir, name));
  return [...inside('libs'), 'libs/registry/server', ...inside('apps')].map((dir) => {
    const manifest = JSON.parse(readFileSync(path.join(root, dir, 'package.json'), 'utf8'));
    return {
      name: manifest.name.replace('@keelson/', ''),
      dir,
      layer: manifest.nx.tags.find((tag: string) => tag.startsWith('layer:')),
      dependencies: Object.keys(manifest.dependencies ?? {}),
    };
  });
}

/** The projects and packages that a project's sources import, specs included. */
function imports(project: Project): { file: string; specifier: string }[] {
  const src = path.join(root, project.dir, 'src');
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [
        ...code(readFileSync(path.join(src, file), 'utf8')).matchAll(
          /(?<![\w'])(?:from |import\(|require\()'([^'.][^']*)'/g,
        ),
      ].map((match) => ({
        file: path.join(project.dir, 'src', file),
        specifier: match[1] ?? '',
      })),
    );
}

/** A source without its multi-line texts: an example for others in one of them imports nothing. */
const code = (source: string): string => source.replace(/`(?:[^`\\]|\\[^])*`/g, '``');

describe('the layers', () => {
  const all = projects();

  it('lists every project, so that a new one gets its row', () => {
    expect(all.map(({ name }) => name).sort()).toEqual([...everything, 'keelson'].sort());
  });

  it.each(all.map((project) => [project.name, project] as const))(
    '%s imports only what its row allows',
    (name, project) => {
      const wanted = allowed[name] ?? everything;
      const strays = imports(project)
        .filter(({ file }) => !isForTests(file))
        .filter(
          ({ specifier }) => specifier.startsWith('@keelson/') && !wanted.includes(specifier.replace('@keelson/', '')),
        );
      expect(strays).toEqual([]);
    },
  );

  it.each(all.map((project) => [project.name, project] as const))(
    '%s imports Nest only at the edge',
    (_name, project) => {
      const edge = ['layer:service', 'layer:app', 'layer:command'].includes(project.layer);
      const strays = imports(project).filter(
        ({ file, specifier }) => specifier.startsWith('@nestjs/') && !(edge && isEdge(project, file)),
      );
      expect(strays).toEqual([]);
    },
  );

  it.each(all.map((project) => [project.name, project] as const))(
    '%s declares every package it imports',
    (_name, project) => {
      const strays = imports(project)
        .filter(({ file }) => !isForTests(file))
        .map(({ specifier }) => packageOf(specifier))
        .filter((name) => !name.startsWith('node:') && !project.dependencies.includes(name));
      expect([...new Set(strays)]).toEqual([]);
    },
  );
});

/** What only specs import; it may use the testbed. */
const isForTests = (file: string) => /\.(spec|contract)\.ts$|\/testing\//.test(file);

/** In apps only main.ts, app.ts and controller.ts know Nest. */
function isEdge(project: Project, file: string): boolean {
  return project.layer !== 'layer:app' || /\/src\/(main|app|controller)\.ts$/.test(file);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
