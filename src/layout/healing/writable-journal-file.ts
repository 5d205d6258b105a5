// The journal as a file that this process writes: begun anew where one came with the directory, and trimmed at its beginning.
import { Readable } from 'node:stream';
import { newUploadId } from '../../oci/upload-id.ts';
import type { Key, ObjectStore, OpenObject } from '../../storage/object-store.ts';
import { meansNoSpace, StorageError } from '../../storage/storage-error.ts';
import { JournalFile, pieceBytes, readSpan } from './journal-file.ts';

export class WritableJournalFile extends JournalFile {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore, key: Key) {
    super(store, key);
    this.#store = store;
  }

  /** For a writer, under the lock: what comes next must not stand behind what is not believed. */
  async removeForeign(): Promise<void> {
    if (!this.isForeign) return;
    await this.#store.delete(this.key);
    this.isForeign = false;
    this.forget();
  }

  /**
   * Becomes `head` and what stands from `from` on, copied in pieces: an hour of pushes may be hundreds of megabytes. False where there
   * is no room for both, or the file is another one by now: it stays as it is, and no write of the repository is refused for that.
   */
  async replace(head: readonly Buffer[], from: number): Promise<boolean> {
    const journal = await this.#store.open(this.key);
    if (journal === undefined) return false;
    try {
      if (!(await this.isSame(journal))) return false;
      await this.#publish(Readable.from(contentOf(journal, { head, from, to: this.size })));
      return true;
    } catch (error) {
      if (meansNoSpace(error)) return false;
      throw error;
    } finally {
      await journal.close();
    }
  }

  async #publish(content: Readable): Promise<void> {
    const staged = await this.#store.stage(newUploadId(), { journal: this.key });
    try {
      await staged.append(content, { onChunk: () => {} });
      await staged.commit(this.key);
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }
}

async function* contentOf(
  journal: OpenObject,
  { head, from, to }: { readonly head: readonly Buffer[]; readonly from: number; readonly to: number },
): AsyncGenerator<Buffer> {
  yield* head;
  for (let at = from; at < to; ) {
    const bytes = await readSpan(journal, { at, length: Math.min(pieceBytes, to - at) });
    if (bytes.length === 0) throw new StorageError('unavailable', 'a journal was cut short while it was trimmed');
    at += bytes.length;
    yield bytes;
  }
}

/** The id of a new journal: it is believed only where it was begun. */
export function journalId(unique: string, place: string): string {
  return `${unique} ${place}`;
}
