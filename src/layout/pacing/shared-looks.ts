// Looks that everybody shares who asks within one turn of the loop: of the blobs that a hundred pushes of a batch refer to, each is looked
// at once. Whoever asks was there before the turn ended, so that nobody is told what was so before he asked.
export class SharedLooks<Subject, Found> {
  readonly #looks = new Map<Subject, Promise<Found | undefined>>();

  has(subject: Subject): boolean {
    return this.#looks.has(subject);
  }

  /** What `look` finds. Nothing, and a failure, is looked for again. */
  of(subject: Subject, look: () => Promise<Found | undefined>): Promise<Found | undefined> {
    const known = this.#looks.get(subject);
    if (known !== undefined) return known;
    if (this.#looks.size === 0) setImmediate(() => this.forget());
    const found = look();
    this.#looks.set(subject, found);
    const drop = () => {
      if (this.#looks.get(subject) === found) this.#looks.delete(subject);
    };
    void found.then((each) => each === undefined && drop(), drop);
    return found;
  }

  /** Something was changed: what was looked at before counts no more. */
  forget(): void {
    this.#looks.clear();
  }
}
