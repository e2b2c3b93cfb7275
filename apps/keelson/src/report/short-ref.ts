/** A ref as people call it: `main`, `v1.2`. */
export const shortRef = (ref: string): string => ref.replace(/^refs\/(heads|tags)\//, '');
