import type { SealingKey } from '@keelson/pipeline';
import type { TemplateRenderer } from '@keelson/template';

/** What it takes to render templates. */
export type TemplateDeps = {
  renderer: TemplateRenderer;
  /** Seals what Job templates are rendered to; absent: only tags are rendered here. */
  key?: SealingKey | undefined;
  /** What `env` and `.Env` read: all of it, and nothing else. */
  env: Readonly<Record<string, string>>;
  /** `.Namespace`, where one is given; else each run and stage gets its own. */
  namespace?: string | undefined;
  /** Whether a namespace of its own stays when the run has ended. */
  keepNamespaces: boolean;
  /** The host of Amazon's registry, `.duat.awsecr`; a reason why there is none is said. */
  awsEcr?: () => Promise<{ host: string } | { warning: string } | undefined>;
  /** Whether to keep quiet about what is only odd. */
  ignoreWarnings?: boolean;
  /** Whether to say what each template was rendered to. */
  isVerbose?: boolean;
  /** A build that takes the place of every commit's pipeline file. */
  imposed?: ImposedTemplate;
};

export type ImposedTemplate = {
  /** The template by its path in the source. */
  file: string;
  /** What is rendered for a commit that has no such file. */
  text?: Uint8Array;
};
