// `npm run images -- REGISTRY[/PATH] [--base IMAGE] [--plain-http] [--tag TAG]`: builds Keelson's own image with Keelson's own `append` and
// pushes it. No daemon, no root: two layers (packages; our code) on a base that has Node and git. Beside it, where there is Go, the image of the pod helper.
import '../node-version.mjs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../prepare.mjs';
import { runGit, storeTree } from './file-tree.mjs';
import { ownFiles, packageFiles } from './image-files.mjs';
import { storeHelper } from './pod-helper.mjs';

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

/** What images are made with. */
function openTools({ registry, plainHttp }) {
  const load = createRequire(import.meta.url);
  const git = load('@keelson/git');
  const keelson = load('@keelson/registry');
  const client = new keelson.RegistryClient({
    registries: plainHttp === undefined ? [] : [{ name: registry, plainHttp }],
    credentials: keelson.dockerConfigCredentials(process.env.DOCKER_CONFIG ?? path.join(homedir(), '.docker')),
  });
  return { git, keelson, client, signal: AbortSignal.timeout(15 * 60_000) };
}

/** Pushes an image of these trees, a layer each. @returns its reference */
async function push({ git, keelson, client, signal }, session, { repository, tag, base, at, trees, config }) {
  const layers = [];
  for (const tree of trees) {
    const layer = await git.treeLayer(session, tree, { prefix: at, codec: 'gzip-1', signal });
    const artifactType = 'application/vnd.keelson.layer.v1';
    await keelson.pushSnapshot(client, { repository, layer, artifactType, annotations: {}, signal });
    const { digest, diffId, sizeBytes, mediaType } = layer;
    layers.push({ digest, diffId, sizeBytes, mediaType, from: keelson.parseRepository(repository) });
    await layer.dispose();
  }
  // Neither the clock nor the commit: the same files make the same image.
  const created = new Date(git.constantMtimeSeconds * 1_000).toISOString();
  const target = { repository, tags: [tag] };
  const made = { base, layers, target, config: { workdir: at, created, labels: {}, env: {}, ...config }, signal };
  return (await keelson.appendImage(client, made)).reference;
}

async function build(wanted) {
  const { prefix, base, tag } = wanted;
  const tools = openTools(wanted);
  const gitDir = mkdtempSync(path.join(tmpdir(), 'keelson-image-'));
  runGit(gitDir, ['init', '--quiet', '--bare', gitDir]);
  const session = new tools.git.GitSession(await tools.git.openRepository(gitDir));
  try {
    const services = await push(tools, session, {
      ...{ repository: `${prefix}/keelson`, tag, base: tools.keelson.parseImageReference(base), at: home },
      trees: [packageFiles(), ownFiles()].map((files) => storeTree(gitDir, files)),
      config: { env: { NODE_ENV: 'production' } },
    });
    const helper = storeHelper(gitDir);
    if (helper === undefined) return { services };
    const at = { repository: `${prefix}/keelson-pod`, tag, base: 'scratch', at: '/' };
    return { services, helper: await push(tools, session, { ...at, trees: [helper], config: {} }) };
  } finally {
    session.close();
    await tools.client.close();
    rmSync(gitDir, { recursive: true, force: true });
  }
}

try {
  const wanted = options();
  // Packages with native code are here as this machine needs them.
  if (process.platform !== 'linux')
    throw new Error(
      `the image runs on Linux, and this machine is ${process.platform}: build it with the Dockerfile, or on Linux`,
    );
  prepare();
  const { services, helper } = await build(wanted);
  process.stdout.write(`${services}\n`);
  if (helper !== undefined) process.stdout.write(`${helper}\n`);
  else
    process.stderr.write(
      'images: there is no go here: the image of the pod helper was not built. Take KEELSON_POD_HELPER out of the overlay (tests keep no files then), or build it with the Dockerfile (--target pod)\n',
    );
} catch (error) {
  process.stderr.write(`images: ${error.message}\n`);
  process.exitCode = 2;
}
