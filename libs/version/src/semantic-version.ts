import { InvalidVersionError } from './version-errors';

// https://semver.org, and what people write: a leading v, and minor or patch left out.
const pattern =
  /^(v?)(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

/** Of numbers that are longer nobody can make anything either. */
const maxLength = 1024;

type Parts = { v: string; numbers: readonly [bigint, bigint, bigint]; prerelease: string; metadata: string };

/** A version by https://semver.org, immutable. */
export class SemanticVersion {
  readonly #parts: Parts;
  /** As it was written; what is derived from it keeps its leading v. */
  readonly original: string;

  private constructor(parts: Parts, original?: string) {
    this.#parts = parts;
    this.original = original ?? `${parts.v}${String(this)}`;
  }

  /** @throws InvalidVersionError */
  static parse(text: string): SemanticVersion {
    const found = text.length > maxLength ? null : pattern.exec(text);
    if (found === null) throw new InvalidVersionError(text);
    const [, v = '', major = '0', minor = '0', patch = '0', prerelease = '', metadata = ''] = found;
    return new SemanticVersion(
      { v, numbers: [BigInt(major), BigInt(minor), BigInt(patch)], prerelease, metadata },
      text,
    );
  }

  get prerelease(): string {
    return this.#parts.prerelease;
  }

  /** Without a leading v, all three numbers there. */
  toString(): string {
    const { numbers, prerelease, metadata } = this.#parts;
    return `${numbers.join('.')}${prerelease && `-${prerelease}`}${metadata && `+${metadata}`}`;
  }

  nextMajor(): SemanticVersion {
    const [major] = this.#parts.numbers;
    return this.#release([major + 1n, 0n, 0n]);
  }

  nextMinor(): SemanticVersion {
    const [major, minor] = this.#parts.numbers;
    return this.#release([major, minor + 1n, 0n]);
  }

  /** Of a pre-release: the release it leads to. */
  nextPatch(): SemanticVersion {
    const [major, minor, patch] = this.#parts.numbers;
    return this.#release([major, minor, this.prerelease === '' ? patch + 1n : patch]);
  }

  /** @param prerelease dot-separated letters, digits and hyphens */
  withPrerelease(prerelease: string): SemanticVersion {
    if (!/^[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$/.test(prerelease)) throw new InvalidVersionError(prerelease);
    return new SemanticVersion({ ...this.#parts, prerelease });
  }

  /** Whether major, minor and patch are the same. */
  hasCoreOf(other: SemanticVersion): boolean {
    return this.#parts.numbers.join('.') === other.#parts.numbers.join('.');
  }

  /** Negative when this one comes before the other, by https://semver.org/#spec-item-11 */
  compare(other: SemanticVersion): number {
    for (const [index, number] of this.#parts.numbers.entries()) {
      const order = compareValues(number, other.#parts.numbers[index] ?? 0n);
      if (order !== 0) return order;
    }
    return comparePrereleases(this.prerelease, other.prerelease);
  }

  #release(numbers: Parts['numbers']): SemanticVersion {
    return new SemanticVersion({ v: this.#parts.v, numbers, prerelease: '', metadata: '' });
  }
}

function comparePrereleases(one: string, other: string): number {
  if (one === '' || other === '') return Number(one === '') - Number(other === '');
  const [ones, others] = [one.split('.'), other.split('.')];
  for (const [index, identifier] of ones.entries()) {
    const counterpart = others[index];
    if (counterpart === undefined) return 1;
    const order = compareIdentifiers(identifier, counterpart);
    if (order !== 0) return order;
  }
  return ones.length - others.length;
}

function compareIdentifiers(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [one, other].map((identifier) => /^\d+$/.test(identifier));
  if (isNumber && isOtherNumber) return compareValues(BigInt(one), BigInt(other));
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return compareValues(one, other);
}

function compareValues<T extends bigint | string>(one: T, other: T): number {
  return one < other ? -1 : Number(one > other);
}
