import { z } from 'zod';
import { sourceFile } from './source-file';
import { textMap } from './text-map';

/** The ways to make an image. Only `append` needs no Dockerfile and no template. */
export const buildStrategy = z.enum(['append', 'buildkit', 'kaniko', 'makisu', 'template']);
export type BuildStrategy = z.infer<typeof buildStrategy>;

// A registry has a dot or a port in its name; without a tag every build would push over the same one unseen.
const place = '[\\w-]+(?:\\.[\\w-]+)*(?:\\.[\\w-]+|:\\d{1,5})(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+';
const tag = '\\w[\\w.-]{0,127}';
const tagTemplate = '[\\w.-]*\\{\\{[^\\n]+';
const taggedForm = new RegExp(`^${place}:(?:${tag}|${tagTemplate})$`);
const text = z.string().min(1, 'may not be empty');

const secret = z.strictObject({
  secret: text.meta({ description: 'Secret of the namespace.' }),
  key: text.meta({ description: 'Key in it.' }),
  ssh: z
    .boolean()
    .optional()
    .meta({ description: 'An SSH key, for RUN --mount=type=ssh. Default: a file for type=secret.' }),
});

const cache = z
  .strictObject({
    mode: z.enum(['registry', 'inline', 'none']).default('registry').meta({
      description: 'registry: in a repository of its own; inline: in the image; none: every step is run.',
    }),
    verify: z.number().min(0).max(1).optional().meta({
      description: 'The part of builds that are made again without cache and compared, like 0.01. Default: none.',
    }),
  })
  .meta({ description: 'Where layers are kept between builds, for all nodes.' });

/** How the image is made. What a strategy does not read is refused beside it (see key-rules.ts). */
export const buildSection = z
  .strictObject({
    strategy: buildStrategy.default('append').meta({
      description:
        'append puts the source on the base image; the others run a Dockerfile or a Job template on a cluster.',
    }),
    dockerfile: sourceFile
      .optional()
      .meta({ description: 'Path of the Dockerfile in the source. Default: Dockerfile.' }),
    context: z
      .union([z.literal('.'), sourceFile])
      .optional()
      .meta({
        description: 'Directory of the source that the Dockerfile sees. Default: all of it.',
      }),
    target: text.optional().meta({ description: 'Stage of the Dockerfile to build. Default: the last.' }),
    args: textMap(z.string().regex(/^\w+$/, 'must be letters, digits and _'))
      .optional()
      .meta({ description: 'Build arguments. Never a secret: they are in the log and in the image.' }),
    platforms: z
      .array(z.string().regex(/^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/, 'must be like linux/arm64'))
      .max(20, 'may have at most 20 entries')
      .optional()
      .meta({ description: 'Platforms to build for, like linux/arm64; where the daemon can.' }),
    labels: textMap(z.string().regex(/^[^\s=]+$/, 'may not be empty or hold spaces or ='))
      .optional()
      .meta({ description: 'Labels of the image.' }),
    secrets: z
      .record(z.string().regex(/^[\w.-]+$/, 'must be letters, digits and . _ -'), secret)
      .optional()
      .meta({ description: 'Files from Secrets of the namespace that steps of the Dockerfile may mount, by id.' }),
    cache: cache.optional(),
    push: z
      .array(
        z
          .string()
          .max(500, 'may have at most 500 characters')
          .regex(taggedForm, 'must be an image with registry and tag, like quay.io/team/widget:1.2'),
      )
      .max(20, 'may have at most 20 entries')
      .optional()
      .meta({
        description: 'Further names with tags to push the image to. A tag may be a template.',
        examples: [['quay.io/team/widget:1.2', 'quay.io/team/widget:{{ .duat.version }}']],
      }),
    template: sourceFile.optional().meta({
      description: 'Job template in the source that makes the image, on a cluster.',
      examples: ['ci_containerize.yaml'],
    }),
  })
  .meta({ description: 'How the image is made.' });
