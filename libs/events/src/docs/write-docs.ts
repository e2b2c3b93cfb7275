// `npm run docs -w @keelson/events`: brings docs/events.md and docs/asyncapi.json up to date. A test says when that is needed.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { asyncApiText } from './async-api';
import { eventsPage } from './events-page';

const docs = path.resolve(__dirname, '../../../../docs');
writeFileSync(path.join(docs, 'events.md'), eventsPage());
writeFileSync(path.join(docs, 'asyncapi.json'), asyncApiText());
