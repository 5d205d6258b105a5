// What a `docker save` archive names and cannot be served: told in the log when it is opened, and to whoever looks at it later.

export interface LeftOutImage {
  /** Its first name, or its place in manifest.json. */
  readonly image: string;
  readonly reason: string;
}

/** The first of them, and how many there are: a few bytes of manifest.json can name many. */
export type ImageProblem =
  | { readonly kind: 'images-left-out'; readonly count: number; readonly first: readonly LeftOutImage[] }
  | { readonly kind: 'names-unusable'; readonly count: number; readonly first: readonly string[] };

const maxKept = 100;

export class ImageProblems {
  readonly #leftOut: LeftOutImage[] = [];
  readonly #unusable: string[] = [];
  #leftOutCount = 0;
  #unusableCount = 0;

  addLeftOut(image: LeftOutImage): void {
    this.#leftOutCount += 1;
    if (this.#leftOut.length < maxKept) this.#leftOut.push(image);
  }

  addUnusable(name: string): void {
    this.#unusableCount += 1;
    if (this.#unusable.length < maxKept) this.#unusable.push(name);
  }

  all(): readonly ImageProblem[] {
    const [leftOut, unusable] = [this.#leftOut, this.#unusable];
    return [
      ...(leftOut.length === 0
        ? []
        : [{ kind: 'images-left-out', count: this.#leftOutCount, first: leftOut } as const]),
      ...(unusable.length === 0
        ? []
        : [{ kind: 'names-unusable', count: this.#unusableCount, first: unusable } as const]),
    ];
  }
}
