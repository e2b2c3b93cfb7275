// `npm run images -- REGISTRY[/PATH] [--base IMAGE] [--plain-http] [--tag TAG]`: builds Keelson's own image with Keelson's own `append` and
// pushes it. No daemon, no root: two layers (packages; our code) on a base that has Node and git.
import '../node-version.mjs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../prepare.mjs';
import { runGit, storeTree } from './file-tree.mjs';
import { ownFiles, packageFiles } from './image-files.mjs';

/** Where it lies in the image, as the manifests in k8s/ say. */
const home = '/opt/keelson';

const usage = 'usage: npm run images -- REGISTRY[/PATH] [--base IMAGE] [--plain-http] [--tag TAG]';

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { base: { type: 'string' }, 'plain-http': { type: 'boolean' }, tag: { type: 'string' } },
  });
  const [prefix, ...others] = positionals;
  if (prefix === undefined || others.length > 0) throw new Error(usage);
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const [registry] = prefix.split('/');
  const { base = `${registry}/node:24`, tag = version, 'plain-http': plainHttp } = values;
  return { prefix, registry, base, tag, plainHttp };
}

async function build({ prefix, registry, base, tag, plainHttp }) {
  const load = createRequire(import.meta.url);
  const { constantMtimeSeconds, GitSession, openRepository, treeLayer } = load('@keelson/git');
  const keelson = load('@keelson/registry');
  const signal = AbortSignal.timeout(15 * 60_000);
  const client = new keelson.RegistryClient({
    registries: plainHttp === undefined ? [] : [{ name: registry, plainHttp }],
    credentials: keelson.dockerConfigCredentials(process.env.DOCKER_CONFIG ?? path.join(homedir(), '.docker')),
  });
  const gitDir = mkdtempSync(path.join(tmpdir(), 'keelson-image-'));
  runGit(gitDir, ['init', '--quiet', '--bare', gitDir]);
  const session = new GitSession(await openRepository(gitDir));
  const repository = `${prefix}/keelson`;
  // Neither the clock nor the commit: the same files make the same image.
  const created = new Date(constantMtimeSeconds * 1_000).toISOString();
  try {
    const layers = [];
    for (const files of [packageFiles(), ownFiles()]) {
      const layer = await treeLayer(session, storeTree(gitDir, files), { prefix: home, codec: 'gzip-1', signal });
      const artifactType = 'application/vnd.keelson.layer.v1';
      await keelson.pushSnapshot(client, { repository, layer, artifactType, annotations: {}, signal });
      const { digest, diffId, sizeBytes, mediaType } = layer;
      layers.push({ digest, diffId, sizeBytes, mediaType, from: keelson.parseRepository(repository) });
      await layer.dispose();
    }
    const config = { workdir: home, created, env: { NODE_ENV: 'production' }, labels: {} };
    const target = { repository, tags: [tag] };
    return await keelson.appendImage(client, {
      base: keelson.parseImageReference(base),
      layers,
      target,
      config,
      signal,
    });
  } finally {
    session.close();
    await client.close();
    rmSync(gitDir, { recursive: true, force: true });
  }
}

try {
  const wanted = options();
  prepare();
  const { reference } = await build(wanted);
  process.stdout.write(`${reference}\n`);
} catch (error) {
  process.stderr.write(`images: ${error.message}\n`);
  process.exitCode = 2;
}
