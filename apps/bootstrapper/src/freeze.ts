import type { RunData } from '@keelson/events';
import { commitInfo, readBlob, treeLayer } from '@keelson/git';
import type { GitSession } from '@keelson/git';
import { runName } from '@keelson/ledger';
import {
  describeFaults,
  imageName,
  parsePipeline,
  pipelineFile,
  maxPipelineBytes,
  unsupportedOn,
} from '@keelson/pipeline';
import type { Pipeline, Plan } from '@keelson/pipeline';
import { pushSnapshot } from '@keelson/registry';
import type { BootstrapperDeps } from './deps';
import { withTags } from './render-tags';
import { renderTemplates } from './render-templates';
import type { ImposedTemplate } from './template-deps';
import { UnbuildableError } from './unbuildable-error';

/** The artefact type of a source snapshot. */
const artifactType = 'application/vnd.keelson.source.v1';

/**
 * Pushes the commit's tree as a snapshot and returns the run's plan. The same commit gives the same snapshot, and the same tree uploads nothing.
 * @throws UnbuildableError, and what git and the registry throw
 */
export async function freeze(deps: BootstrapperDeps, run: RunData, signal: AbortSignal): Promise<Plan> {
  const { session, submodules, tag } = await deps.sources.open(run, signal);
  // First: of a commit that is gone, no file can be read, and that would look like one without a pipeline file.
  const info = await commitInfo(session, run.commit, signal);
  const written = await readPipeline(deps, { session, commit: run.commit, signal });
  const pipeline = await withTags(deps, { run, session, tag, pipeline: written, signal });
  const layer = await treeLayer(session, run.commit, {
    prefix: pipeline.image.workdir,
    codec: deps.registry.codec,
    submodules,
    cache: deps.blobs,
    signal,
  });
  try {
    const snapshot = await pushSnapshot(deps.client, {
      repository: `${deps.registry.prefix}/${imageName(pipeline, run.source)}-source`,
      layer,
      artifactType,
      annotations: {
        'org.opencontainers.image.source': run.source,
        'org.opencontainers.image.revision': run.commit,
        'org.opencontainers.image.ref.name': run.ref,
        'org.opencontainers.image.created': info.committedAt,
      },
      signal,
    });
    const said = await renderTemplates(deps, { run, session, tag, pipeline, snapshot, signal });
    const { digest, diffId, sizeBytes, mediaType } = layer;
    return {
      ...{ run: run.run, name: runName(run.run), source: run.source, ref: run.ref, commit: run.commit },
      ...{ sequence: run.sequence, commitTime: info.committedAt, subject: info.subject, pipeline },
      snapshot: { ...snapshot, layer: { digest, diffId, sizeBytes, mediaType } },
      tree: layer.tree,
      warnings: [...layer.warnings, ...said],
      createdAt: new Date(deps.clock()).toISOString(),
    };
  } finally {
    await layer.dispose();
  }
}

type CommitAt = { session: GitSession; commit: string; signal: AbortSignal };

async function readPipeline(deps: BootstrapperDeps, { session, commit, signal }: CommitAt): Promise<Pipeline> {
  const { imposed } = deps.templates ?? {};
  if (imposed !== undefined) return imposedPipeline(imposed);
  const bytes = await readBlob(session, { commit, path: pipelineFile }, { maxBytes: maxPipelineBytes, signal });
  if (bytes === undefined) {
    throw new UnbuildableError('skipped', `the commit has no ${pipelineFile}; \`keelson init\` writes one that fits`);
  }
  if (bytes === 'too-large') {
    throw new UnbuildableError(
      'pipeline-file',
      `${pipelineFile} is larger than the ${maxPipelineBytes / 1024} KiB it may have`,
    );
  }
  const parsed = parsePipeline(bytes);
  const faults = parsed.ok ? unsupportedOn(parsed, deps.column) : parsed.faults;
  if (!parsed.ok || faults.length > 0)
    throw new UnbuildableError('pipeline-file', describeFaults(faults, pipelineFile));
  return parsed.pipeline;
}

function imposedPipeline({ file }: ImposedTemplate): Pipeline {
  const parsed = parsePipeline(JSON.stringify({ build: { strategy: 'template', template: file }, test: 'none' }));
  if (parsed.ok) return parsed.pipeline;
  throw new UnbuildableError('template', describeFaults(parsed.faults, file));
}
