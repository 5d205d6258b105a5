// Patterns of any text as operators write them in settings: `*` is any text, also none. Everything else means itself.
// Matched without backtracking into what was left behind: a pattern of many stars costs its length times that of the text.

const longestPattern = 512;

export class TextPattern {
  /** As it was written. */
  readonly text: string;
  readonly #parts: readonly string[];

  private constructor(text: string) {
    this.text = text;
    this.#parts = text.split(/\*+/);
  }

  /** Undefined for what is empty or too long. */
  static parse(text: string): TextPattern | undefined {
    return text === '' || text.length > longestPattern ? undefined : new TextPattern(text);
  }

  /** True when all of the text is matched. */
  matches(text: string): boolean {
    const [first = '', ...rest] = this.#parts;
    const last = rest.pop();
    if (last === undefined) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  }
}
