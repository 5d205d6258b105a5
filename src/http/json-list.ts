// JSON of long lists. The lists of a snapshot are the same arrays until the snapshot changes, so each is encoded once.

interface Encoded {
  readonly before: string;
  readonly after: string;
  /** With its surroundings: nothing is copied for who asks for the same. */
  readonly bytes: Buffer;
}

export class JsonLists {
  /** Held for as long as the list itself lives, and no longer. */
  readonly #encoded = new WeakMap<readonly unknown[], Encoded>();

  /** `list`, which is never changed, between two pieces of JSON. */
  around(list: readonly unknown[], before: string, after: string): Buffer {
    const known = this.#encoded.get(list);
    if (known === undefined) {
      const bytes = Buffer.from(`${before}${JSON.stringify(list)}${after}`);
      this.#encoded.set(list, { before, after, bytes });
      return bytes;
    }
    if (known.before === before && known.after === after) return known.bytes;
    return Buffer.concat([Buffer.from(before), listIn(known), Buffer.from(after)]);
  }
}

function listIn({ before, after, bytes }: Encoded): Buffer {
  return bytes.subarray(Buffer.byteLength(before), bytes.byteLength - Buffer.byteLength(after));
}
