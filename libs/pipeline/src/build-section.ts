import { z } from 'zod';
import { sourceFile } from './source-file';
import { textMap } from './text-map';

/** The ways to make an image. Only `append` needs no Dockerfile and no template. */
export const buildStrategy = z.enum(['append', 'buildkit', 'kaniko', 'makisu', 'template']);
export type BuildStrategy = z.infer<typeof buildStrategy>;

const text = z.string().min(1, 'may not be empty');
const reserved = (description: string) =>
  z
    .unknown()
    .optional()
    .meta({ description: `Reserved: ${description}` });

/** How the image is made. What a strategy does not read is refused beside it (see key-rules.ts). */
export const buildSection = z
  .strictObject({
    strategy: buildStrategy.default('append').meta({
      description:
        'append puts the source on the base image; the others run a Dockerfile (reserved) or a Job template on a cluster.',
    }),
    dockerfile: text.optional().meta({ description: 'Reserved: path of the Dockerfile in the source.' }),
    context: text.optional().meta({ description: 'Reserved: directory of the source that the Dockerfile sees.' }),
    target: text.optional().meta({ description: 'Reserved: stage of the Dockerfile to build.' }),
    args: textMap(z.string().regex(/^\w+$/, 'must be letters, digits and _'))
      .optional()
      .meta({ description: 'Reserved: build arguments.' }),
    platforms: z.array(text).optional().meta({ description: 'Reserved: platforms to build for, like linux/arm64.' }),
    labels: textMap(z.string().regex(/^\S+$/, 'may not be empty or hold spaces'))
      .optional()
      .meta({ description: 'Reserved: labels of the image.' }),
    secrets: reserved('secrets that the Dockerfile may mount.'),
    cache: reserved('where layers are kept between builds.'),
    push: z.array(text).optional().meta({ description: 'Reserved: further names to push the image to.' }),
    template: sourceFile.optional().meta({
      description: 'Job template in the source that makes the image, on a cluster.',
      examples: ['ci_containerize.yaml'],
    }),
  })
  .meta({ description: 'How the image is made.' });
