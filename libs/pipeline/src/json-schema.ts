import { z } from 'zod';
import { pipelineFileSchema } from './pipeline';

/** The schema of `.keelson.yaml` for editors: JSON Schema, draft 2020-12. `parsePipeline` also holds what it cannot say. */
export const pipelineJsonSchema = (): Readonly<Record<string, unknown>> => ({
  ...z.toJSONSchema(pipelineFileSchema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }),
  title: 'Keelson pipeline file (.keelson.yaml)',
});

/** As it is kept in docs/keelson.schema.json. */
export const pipelineSchemaText = (): string => `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
