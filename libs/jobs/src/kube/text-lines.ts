/** Lines of text in a stream of bytes; what has no line end yet is kept. */
export class TextLines {
  #rest = Buffer.alloc(0);

  push(piece: Buffer): string[] {
    const end = piece.lastIndexOf(0x0a);
    if (end === -1) {
      this.#rest = Buffer.concat([this.#rest, piece]);
      return [];
    }
    const whole = Buffer.concat([this.#rest, piece.subarray(0, end)]).toString();
    this.#rest = Buffer.from(piece.subarray(end + 1));
    return whole.split('\n').filter((line) => line !== '');
  }
}
