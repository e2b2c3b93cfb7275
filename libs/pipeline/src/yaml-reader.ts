import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Fault, Path, Position } from './fault';
import { pathText } from './fault';
import type { LineIndex } from './line-index';
import type { Written, WrittenEntry } from './written';

/** Deeper than any key of the schema: what is deeper is no pipeline file. */
const maxDepth = 32;
/** How many values may be read again through aliases. A dozen is usual; "billion laughs" needs 10^9. */
const maxRepeated = 1000;

const none: ReadonlyMap<string | number, WrittenEntry> = new Map();

/** Turns yaml's nodes into values with places. Our own and not `toJS`: that one knows neither places nor how a number was written. */
export class YamlReader {
  readonly faults: Fault[] = [];
  /** False when values are missing from what was read: judging the rest would only add noise. */
  isWhole = true;
  readonly #anchors = new Map<string, ParsedNode>();
  #aliasesOpen = 0;
  #repeated = 0;

  constructor(
    readonly lines: LineIndex,
    /** Paths whose numbers and booleans are text, as written: `1.10` stays `1.10`. */
    readonly isText: (path: Path) => boolean,
    /** Whether `<<` takes over the keys of another mapping, as YAML 1.1 has it. */
    readonly merges = false,
  ) {}

  read(node: ParsedNode | null, path: Path): Written {
    if (this.#aliasesOpen > 0) this.#repeated += 1;
    if (node === null) return { value: null, at: { line: 1, column: 1 }, entries: none };
    const at = this.lines.position(node.range[0]);
    const nothing: Written = { value: null, at, entries: none };
    if (path.length > maxDepth) {
      this.#giveUp({ ...at, path: '', message: `nested more than ${maxDepth} deep` });
      return nothing;
    }
    if (isAlias(node)) return this.#alias(node, path) ?? nothing;
    // Before what it holds: an alias may name the very thing it is in.
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#mapping(node as YAMLMap.Parsed, path);
    if (isSeq(node)) return this.#list(node as YAMLSeq.Parsed, path);
    return isScalar(node) ? this.#scalar(node as Scalar.Parsed, path) : nothing;
  }

  #alias(node: Alias.Parsed, path: Path): Written | undefined {
    const at = this.lines.position(node.range[0]);
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      this.#giveUp({ ...at, path: pathText(path), message: `there is no anchor &${node.source} above this alias` });
      return undefined;
    }
    if (this.#repeated >= maxRepeated) {
      const message = `the aliases repeat more than ${maxRepeated} values`;
      this.#giveUp({ ...at, path: '', message, hint: 'write the values out' });
      return undefined;
    }
    this.#aliasesOpen += 1;
    const written = this.read(target, path);
    this.#aliasesOpen -= 1;
    return { ...written, at };
  }

  #mapping(node: YAMLMap.Parsed, path: Path): Written {
    const entries = new Map<string, WrittenEntry>();
    const merged: Written[] = [];
    for (const { key: keyNode, value } of node.items) {
      const keyAt = this.lines.position(keyNode.range[0]);
      const key = isScalar(keyNode) ? String(keyNode.value) : '';
      const inside = [...path, key];
      const written = this.read(value, inside);
      if (key === '<<' && this.merges) {
        merged.push(written);
        continue;
      }
      const refusal = this.#keyRefusal(key, entries.get(key)?.keyAt, inside);
      if (refusal === undefined)
        entries.set(key, { keyAt, written: value === null ? { ...written, at: keyAt } : written });
      else this.faults.push({ ...keyAt, path: pathText(inside), ...refusal });
    }
    for (const written of merged) this.#takeOver(entries, written);
    // fromEntries defines properties: unlike an assignment it never calls a setter of Object's prototype.
    const value: unknown = Object.fromEntries([...entries].map(([key, { written }]) => [key, written.value]));
    return { value, at: this.lines.position(node.range[0]), entries };
  }

  /** What is written in a mapping itself stands before what it takes over. */
  #takeOver(into: Map<string, WrittenEntry>, { value, at, entries }: Written): void {
    if (Array.isArray(value)) {
      for (const { written } of entries.values()) this.#takeOver(into, written);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, entry] of entries) if (!into.has(String(key))) into.set(String(key), entry);
    } else this.faults.push({ ...at, path: '<<', message: '<< takes over keys: it must name a mapping' });
  }

  #keyRefusal(key: string, first: Position | undefined, path: Path): { message: string; hint?: string } | undefined {
    if (key === '__proto__') return { message: 'no key may be called __proto__' };
    if (key === '<<')
      return { message: 'merge keys (<<) are not read', hint: 'an alias (*name) may repeat a whole value' };
    if (first === undefined) return undefined;
    return { message: `${pathText(path)} is written twice`, hint: `the first one is in line ${first.line}` };
  }

  #list(node: YAMLSeq.Parsed, path: Path): Written {
    const entries = new Map<number, WrittenEntry>();
    for (const [index, item] of node.items.entries()) {
      const written = this.read(item, [...path, index]);
      entries.set(index, { keyAt: written.at, written });
    }
    const value = [...entries.values()].map(({ written }) => written.value);
    return { value, at: this.lines.position(node.range[0]), entries };
  }

  #scalar(node: Scalar.Parsed, path: Path): Written {
    const { value, source } = node;
    const isPlain = typeof value === 'number' || typeof value === 'boolean';
    const asWritten = isPlain && this.isText(path) ? source : value;
    return { value: asWritten, at: this.lines.position(node.range[0]), entries: none };
  }

  #giveUp(fault: Fault): void {
    this.isWhole = false;
    if (!this.faults.some(({ message }) => message === fault.message)) this.faults.push(fault);
  }
}
