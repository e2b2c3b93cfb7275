import type { OutsideEvent } from '@keelson/events';
import { InvalidReferenceError, parseImageReference } from '@keelson/registry';
import type { ImageReference } from '@keelson/registry';
import { TerminalError } from '@keelson/stage';
import { z } from 'zod';

const image = z.object({
  repository: z.string().min(1),
  tag: z.string().min(1).optional(),
  digest: z.string().min(1).optional(),
});

/**
 * The image that an artifact event is about: `customData.image` as in our own events, else the subject's id, which is a package URL
 * (https://github.com/package-url/purl-spec, types oci and docker) or a reference as Docker writes it.
 * @throws TerminalError when it names none
 */
export function imageNamed({ customData, subject }: OutsideEvent): ImageReference {
  try {
    const own = z.object({ image }).safeParse(customData).data?.image;
    return parseImageReference(own === undefined ? textOf(subject.id) : joined(own));
  } catch (error) {
    if (!(error instanceof InvalidReferenceError || error instanceof URIError)) throw error;
    throw new TerminalError(
      `it names no image: subject.id is a package URL (pkg:oci/...) or repository@sha256:...: ${error.message}`,
      { cause: error },
    );
  }
}

const textOf = (id: string): string => (id.startsWith('pkg:') ? fromPackageUrl(id) : id);

type Parts = { repository: string; tag?: string | undefined; digest?: string | undefined };

const joined = ({ repository, tag, digest }: Parts): string =>
  `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;

function fromPackageUrl(text: string): string {
  const [, type, path = '', version, query = ''] =
    /^pkg:(oci|docker)\/+([^@?#]+)(?:@([^?#]+))?(?:\?([^#]*))?/.exec(text) ?? [];
  if (type === undefined) throw new InvalidReferenceError('the package URL is of neither type oci nor docker');
  const qualifiers = new URLSearchParams(query);
  const at = qualifiers.get('repository_url')?.replace(/^https?:\/\//, '');
  const repository = type === 'oci' ? ociRepository : dockerRepository;
  const tag = qualifiers.get('tag');
  const named = versionOf(version);
  return joined({ repository: repository(decodeURIComponent(path), at), ...named, ...(tag === null ? {} : { tag }) });
}

/** A version is a digest or, in packages of type docker, a tag. */
function versionOf(version: string | undefined): Pick<Parts, 'tag' | 'digest'> {
  if (version === undefined) return {};
  const text = decodeURIComponent(version);
  return text.includes(':') ? { digest: text } : { tag: text };
}

/** An oci package has its whole repository in a qualifier; some leave its last part, the name, out. */
function ociRepository(name: string, at: string | undefined): string {
  if (at === undefined)
    throw new InvalidReferenceError('the package URL has no repository_url, so no registry is named');
  return at === name || at.endsWith(`/${name}`) ? at : `${at}/${name}`;
}

/** A docker package has a registry in the qualifier, and Docker Hub without it. */
const dockerRepository = (path: string, at: string | undefined): string => (at === undefined ? path : `${at}/${path}`);
