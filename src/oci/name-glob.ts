// Patterns of names as operators write them in settings: `*` is any text within a component, `**` crosses components, `?` is one character.
// Everything else means itself. Matched without backtracking: a pattern of many stars costs its length times that of the name.

const longestPattern = 512;
const written = /^[a-zA-Z0-9._/*?-]+$/;

type Token = { readonly kind: 'text'; readonly character: string } | { readonly kind: 'one' | 'within' | 'across' };

export class NameGlob {
  /** As it was written. */
  readonly text: string;
  readonly #tokens: readonly Token[];

  private constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.#tokens = tokens;
  }

  /** Undefined for what matches no name of a repository and no tag, whatever it was meant for. */
  static parse(text: string): NameGlob | undefined {
    if (text.length > longestPattern || !written.test(text)) return undefined;
    return new NameGlob(text, tokensOf(text));
  }

  /** True when all of the name is matched: a repository's, or a tag. */
  matches(name: string): boolean {
    // What of the pattern may come next, after each character of the name.
    let reached = this.#withEmpty(new Set([0]));
    for (const character of name) {
      const next = new Set<number>();
      for (const at of reached) {
        const token = this.#tokens[at];
        if (token === undefined) continue;
        if (token.kind === 'text' && token.character === character) next.add(at + 1);
        if (token.kind === 'one' && character !== '/') next.add(at + 1);
        if (token.kind === 'across' || (token.kind === 'within' && character !== '/')) next.add(at);
      }
      if (next.size === 0) return false;
      reached = this.#withEmpty(next);
    }
    return reached.has(this.#tokens.length);
  }

  /** A star may also stand for nothing. */
  #withEmpty(reached: Set<number>): Set<number> {
    for (const at of reached) {
      const kind = this.#tokens[at]?.kind;
      if (kind === 'within' || kind === 'across') reached.add(at + 1);
    }
    return reached;
  }
}

function tokensOf(text: string): readonly Token[] {
  return [...text.matchAll(/\*+|./g)].map(([part]): Token => {
    if (part === '?') return { kind: 'one' };
    if (part === '*') return { kind: 'within' };
    return part.startsWith('**') ? { kind: 'across' } : { kind: 'text', character: part };
  });
}
