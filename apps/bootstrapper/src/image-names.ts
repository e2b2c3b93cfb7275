/** Who makes images of a name: a source, which took the name from itself or was given it by its pipeline file. */
export type NamedBy = { source: string; isChosen: boolean };

/** Which source makes images of which name, as far as this process knows. */
export class ImageNames {
  readonly #makers = new Map<string, NamedBy>();
  readonly #told = new Set<string>();

  /**
   * Says, once for each pair, that two sources make images of the same name without having chosen it. They share a repository, and with
   * it the moving tag of refs of the same name. Two that were both given the name are meant to.
   */
  clash(name: string, maker: NamedBy): string | undefined {
    const other = this.#makers.get(name);
    if (other === undefined || other.source === maker.source) {
      this.#makers.set(name, maker);
      return undefined;
    }
    const pair = [name, ...[other.source, maker.source].sort()].join('\n');
    if ((other.isChosen && maker.isChosen) || this.#told.has(pair)) return undefined;
    this.#told.add(pair);
    return (
      `its images are named ${name}, as are those of ${other.source}: they share a repository and its moving tags; ` +
      'image.name in one of their pipeline files tells them apart'
    );
  }
}
