import { z } from 'zod';

// Grammar: https://github.com/distribution/reference. Lengths are bounded, and separators never match what they separate.
const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const repository = `${component}(?:/${component})*`;
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const host = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?`;
const tag = '\\w[\\w.-]{0,127}';
const digest = 'sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}';

const repositoryForm = new RegExp(`^${repository}$`);
const referenceForm = new RegExp(`^(?:${host}/)?${repository}(?::${tag})?(?:@(?:${digest}))?$`);
// Absolute, without empty, `.` and `..` parts, and without control characters.
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const directoryForm = /^(?=\/)(?:\/(?!\.{1,2}(?:\/|$))[^/\u0000-\u001f\u007f]+)*\/?$/;

/** The image that a commit becomes. */
export const imageSection = z
  .strictObject({
    name: z
      .string()
      .max(200, 'may have at most 200 characters')
      .regex(repositoryForm, 'must be a repository path: a-z and 0-9, joined by . _ __ or -, parts divided by /')
      .optional()
      .meta({
        description: "Where the image is pushed, below the registry. Default: the repository's name.",
        examples: ['widget', 'team/widget'],
      }),
    tag: z
      .string()
      .min(1, 'may not be empty')
      .max(500, 'may have at most 500 characters')
      .optional()
      .meta({
        description:
          'The tag that a Job template pushes; may be a template itself. Default: <ref>-<number>-<short commit>.',
        examples: ['{{ .duat.version }}'],
      }),
    base: z
      .string()
      .max(500, 'may have at most 500 characters')
      .regex(referenceForm, 'must be an image, like debian:12 or registry.example/team/base@sha256:..., or scratch')
      .default('scratch')
      .meta({
        description: 'The image the source is put on, by tag or digest; scratch for none.',
        examples: ['debian:12'],
      }),
    workdir: z
      .string()
      .max(1000, 'may have at most 1000 characters')
      .regex(directoryForm, 'must be an absolute directory without . and .. in it, like /src')
      .overwrite((directory) => (directory === '/' ? directory : directory.replace(/\/$/, '')))
      .default('/src')
      .meta({ description: 'Where the source lies in the image, and where the test runs.' }),
    git: z.enum(['none', 'shallow']).default('none').meta({
      description: 'shallow: a usable .git beside the source, for builds that ask git for versions. Reserved.',
    }),
  })
  .meta({ description: 'The image that a commit becomes.' });
