import type { ObjectStore } from '@keelson/objects';
import type { Layout } from './layout';

/** Which repositories there are: those that hold anything. */
export class Repositories {
  constructor(
    private readonly store: ObjectStore,
    private readonly layout: Layout,
  ) {}

  async exists(name: string): Promise<boolean> {
    return (await this.store.listSegments(this.layout.repository(name))).some(isContent);
  }

  /** Every name, a parent before its children. */
  async *names(parent = ''): AsyncIterable<string> {
    const segments = await this.store.listSegments(this.layout.repositories() + parent);
    if (parent !== '' && segments.some(isContent)) yield parent.slice(0, -1);
    for (const segment of segments) {
      if (segment.endsWith('/') && !isContent(segment)) yield* this.names(parent + segment);
    }
  }
}

/** A repository's own things begin with `_`; everything else is a component of a longer name. */
const isContent = (segment: string): boolean => segment.startsWith('_');
