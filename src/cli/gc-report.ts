// What `moorage gc` prints: a line for each deletion with its reason, what was left alone, and the total.
import type { Collected, CollectedKind } from '../layout/collection/collected.ts';
import type { Retained } from '../layout/retention/retained.ts';
import { printableText } from '../oci/printable-text.ts';
import type { CollectionTotals } from '../registry/collection.ts';
import { counted, humanSize, shownDigest } from './output-text.ts';

interface SkippedRepository {
  readonly repository: string;
  readonly why: string;
}

export class GcReport {
  readonly #isDryRun: boolean;
  readonly #print: (line: string) => void;
  /** For the document. */
  readonly #deleted: Collected[] = [];
  readonly #skipped: SkippedRepository[] = [];
  readonly #retained: Retained[] = [];
  readonly #odd: string[] = [];
  readonly #counts: Record<CollectedKind, number> = {
    manifest: 0,
    blob: 0,
    pool: 0,
    upload: 0,
    repository: 0,
    directory: 0,
    record: 0,
  };
  #freedBytes = 0;
  #keptBytes = 0;

  constructor(isDryRun: boolean, print: (line: string) => void) {
    this.#isDryRun = isDryRun;
    this.#print = print;
  }

  /** False when something was left as it is because nobody can tell what it needs. */
  get isWhole(): boolean {
    return this.#skipped.length === 0;
  }

  /** `place`: what stands for the layout that was named itself. */
  deleted(deletion: Collected, place: string | undefined): void {
    this.#deleted.push(deletion);
    this.#counts[deletion.kind] += 1;
    const { kind, digest, bytes, why } = deletion;
    const where = deletion.where === '' ? (place ?? '.') : deletion.where;
    const what = digest === undefined ? `${kind} ${where}` : `${nounOf(kind)} ${shownDigest(digest, true)} of ${where}`;
    const size = bytes === 0 ? '' : ` (${humanSize(bytes)})`;
    this.#print(`${printableText(`${this.#isDryRun ? 'would delete' : 'deleted'} ${what}${size}: ${why}`)}\n`);
  }

  /** A tag or manifest that went by a rule; in a dry run those that stay, too. */
  retained(retained: Retained): void {
    this.#retained.push(retained);
    const { repository, tag, digest, stays, why } = retained;
    const what = tag === undefined ? `manifest ${shownDigest(digest, true)} of ${repository}` : `${repository}:${tag}`;
    const [done, wouldDo] =
      tag === undefined ? ['took off the list', 'would take off the list'] : ['untagged', 'would untag'];
    const verb = stays ? 'keeps' : this.#isDryRun ? wouldDo : done;
    this.#print(
      `${printableText(`${verb} ${what}${tag === undefined ? '' : ` (${shownDigest(digest, true)})`}: ${why}`)}\n`,
    );
  }

  /** What is odd about the rules of retention. */
  odd(warning: string): void {
    this.#odd.push(warning);
    this.#print(`${printableText(`note: ${warning}`)}\n`);
  }

  skipped(repository: string, why: string): void {
    this.#skipped.push({ repository, why });
    this.#print(`${printableText(`left ${repository} as it is: ${why}`)}\n`);
  }

  add({ freedBytes, keptBytes }: CollectionTotals): void {
    this.#freedBytes += freedBytes;
    this.#keptBytes += keptBytes;
  }

  progress(repositories: number): string {
    return `${repositories} ${repositories === 1 ? 'repository' : 'repositories'} looked through, ${counted(this.#deleted.length, 'deletion')}`;
  }

  /** `freed 1.20 GB: 3 manifests, 41 blobs, 2 uploads; kept 812 MB` */
  total(): string {
    const { manifest, blob, pool, upload, repository, directory } = this.#counts;
    const counts = [counted(manifest, 'manifest'), counted(blob + pool, 'blob'), counted(upload, 'upload')];
    if (repository > 0) counts.push(`${repository} ${repository === 1 ? 'repository' : 'repositories'}`);
    if (directory > 0) counts.push(`${directory} empty ${directory === 1 ? 'directory' : 'directories'}`);
    const freed = `${this.#isDryRun ? 'would free' : 'freed'} ${humanSize(this.#freedBytes)}: ${counts.join(', ')}`;
    const gone = this.#retained.filter(({ stays }) => !stays);
    const tags = gone.filter(({ tag }) => tag !== undefined).length;
    const unlisted = gone.length - tags;
    const would = this.#isDryRun ? 'would be ' : '';
    const retained =
      gone.length === 0
        ? ''
        : `; ${counted(tags, 'tag')} and ${counted(unlisted, 'manifest')} ${would}taken off the list`;
    const left = this.#skipped.length === 0 ? '' : `; ${this.#skipped.length} left as they are`;
    return `${freed}; kept ${humanSize(this.#keptBytes)}${retained}${left}\n`;
  }

  document(): object {
    return {
      dryRun: this.#isDryRun,
      deleted: this.#deleted,
      skipped: this.#skipped,
      retention: this.#retained,
      warnings: this.#odd,
      freedBytes: this.#freedBytes,
      keptBytes: this.#keptBytes,
      counts: this.#counts,
    };
  }
}

function nounOf(kind: CollectedKind): string {
  return kind === 'pool' ? 'blob' : kind;
}
