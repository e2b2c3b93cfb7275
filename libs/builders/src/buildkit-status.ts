import { z } from 'zod';

const vertex = z.object({
  digest: z.string(),
  name: z.string(),
  started: z.string().optional(),
  completed: z.string().optional(),
  cached: z.boolean().optional(),
  error: z.string().optional(),
});
/** A step, by its digest. It is told several times, each time with more. */
export type Vertex = z.infer<typeof vertex>;

const log = z.object({ vertex: z.string(), stream: z.number().optional(), data: z.string() });
/** What a step printed, in base64. */
export type VertexLog = z.infer<typeof log>;

/** A line that `buildctl --progress rawjson` prints (`SolveStatus` of BuildKit's client), of what is read here. */
export const buildkitStatus = z.object({
  vertexes: z.array(vertex).nullish(),
  statuses: z.array(z.object({ id: z.string() })).nullish(),
  logs: z.array(log).nullish(),
});
