// What is known of a journal without asking the file again: its versions, and where its manifests stand. Light, it holds the newest
// ones and not what they changed, which answers every push; whole, it is what a foreign file is judged by.
import { type JournalLine, journalLines, type Span } from './journal-record.ts';
import { VersionTree } from './version-tree.ts';

/** A light view holds so many versions, and as many manifests. */
const mostVersions = 2_048;
/** Measured: what a version and the place of a manifest take, labels and digests included. */
const bytesOfNode = 400;
/** Strings of a record take what its line has, and what holds them together about as much again. */
const timesItsLine = 2;

export class JournalView {
  readonly tree = new VersionTree();
  /** Where manifests stand, the newest last. */
  readonly manifests = new Map<string, Span>();
  #isWhole: boolean;
  #keepsChanges: boolean;
  /** The snapshot that the next record may be about. */
  #entries: Span | undefined;
  #bytes = 0;

  constructor({ keepsChanges, isWhole }: { readonly keepsChanges: boolean; readonly isWhole: boolean }) {
    this.#keepsChanges = keepsChanges;
    this.#isWhole = isWhole;
  }

  /** True when all of the journal is in it: a version or manifest that it does not know does not exist. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** True when a foreign file can be judged by it. */
  get canJudge(): boolean {
    return this.#isWhole && this.#keepsChanges;
  }

  /** How much memory it takes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The next piece of the journal, whole lines. `isPiece`: what stands before it is not known. */
  add({
    bytes,
    offset,
    isPiece,
  }: {
    readonly bytes: Buffer;
    readonly offset: number;
    readonly isPiece: boolean;
  }): void {
    if (isPiece) this.#isWhole = false;
    for (const line of journalLines(bytes, offset)) this.#addLine(line);
    if (!this.#keepsChanges && this.tree.size + this.manifests.size > 4 * mostVersions) this.lighten();
  }

  /** Becomes a light view of the newest versions. */
  lighten(): void {
    this.#isWhole &&= this.tree.size <= mostVersions && this.manifests.size <= mostVersions;
    this.#keepsChanges = false;
    this.tree.lighten(mostVersions);
    const surplus = Math.max(0, this.manifests.size - mostVersions);
    for (const digest of [...this.manifests.keys()].slice(0, surplus)) this.manifests.delete(digest);
    this.#bytes = (this.tree.size + this.manifests.size) * bytesOfNode;
  }

  #addLine(line: JournalLine): void {
    const { span } = line;
    if (line.kind === 'manifest') {
      this.manifests.delete(line.digest);
      this.manifests.set(line.digest, span);
    } else if (line.kind === 'entries') {
      this.#entries = span;
      return;
    } else {
      const place = { entries: this.#entries, end: span.at + span.length + 1, keepsChanges: this.#keepsChanges };
      this.tree.add(line.record, place, !this.#isWhole);
    }
    this.#bytes += bytesOfNode + (this.#keepsChanges && line.kind === 'record' ? timesItsLine * span.length : 0);
  }
}
