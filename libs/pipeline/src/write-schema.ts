// `npm run schema -w @keelson/pipeline`: brings docs/keelson.schema.json up to date. A test says when that is needed.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipelineSchemaText } from './json-schema';

writeFileSync(path.resolve(__dirname, '../../../docs/keelson.schema.json'), pipelineSchemaText());
