/** `T` with everything in it read-only; what is not a plain object or an array stays as it is. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends Opaque
    ? T
    : T extends object
      ? { readonly [Key in keyof T]: Frozen<T[Key]> }
      : T;

/** Has methods or a state of its own: freezing its fields would not freeze it. */
type Opaque = ((...args: never[]) => unknown) | RegExp | Date | URL | { reveal(): string };

/** Freezes a value and everything plain in it. */
export function deepFreeze<T>(value: T): Frozen<T> {
  if (Array.isArray(value) || isPlain(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value as Frozen<T>;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
