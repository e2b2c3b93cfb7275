/** Chunks are numbered by six digits. */
export const maxChunks = 1_000_000;

/** The key of a chunk. @param prefix ends in `/` */
export const chunkKey = (prefix: string, index: number): string => `${prefix}${String(index).padStart(6, '0')}`;

export const manifestKey = (prefix: string): string => `${prefix}manifest.json`;
