// index.json as a whole: whether it can be read, and what is wrong with it where it can.
import { IndexUnreadableError } from '../../layout/index/index-document.ts';
import { readIndexDocument, whileUnfinished } from '../../layout/index/index-patience.ts';
import { TooManyEntriesError } from '../../layout/index/index-text.ts';
import { LayoutIndex } from '../../layout/index/layout-index.ts';
import { wrongSchemaVersion } from '../../layout/index/schema-version.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { systemClock } from '../../storage/clock.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { InspectedLayout } from './inspected-layout.ts';

/** Undefined where it is absent, or cannot be read: why is told. */
export async function findIndex({ store, keys, findings }: InspectedLayout): Promise<LayoutIndex | undefined> {
  const path = 'index.json';
  try {
    const document = await whileUnfinished(() => readIndexDocument(store, keys.index), { clock: systemClock });
    if (document === undefined) return undefined;
    if (!document.inOurForm && goesOn(document.bytes)) findings.add('trailing-garbage', { path });
    const version = wrongSchemaVersion(document);
    if (version !== undefined) findings.add('other-schema-version', { path, detail: `schemaVersion ${version}` });
    return await LayoutIndex.inTurns(document);
  } catch (error) {
    if (error instanceof IndexUnreadableError) {
      const isTooLarge = error.cause instanceof TooManyEntriesError;
      findings.add(isTooLarge ? 'index-too-large' : 'index-unreadable', { path, detail: error.message });
    } else if (error instanceof StorageError) {
      const code = error.failure === 'too-large' ? 'index-too-large' : 'unreadable-file';
      // A link or a pipe was told already where files can be seen.
      if (error.failure !== 'unsafe') findings.add(code, { path, detail: error.message });
    } else throw error;
    return undefined;
  }
}

/** True when more than one JSON value is in the file, of which the first was read. */
function goesOn(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return false;
  } catch {
    return true;
  }
}

/** One file that may not be read ends one check, not all of them; a layout that cannot be served was told of already. */
export async function unlessUnreadable<Result>(
  { findings }: InspectedLayout,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    if (!(error instanceof StorageError)) throw error;
    if (!findings.has('unreadable-file')) findings.add('unreadable-file', { detail: error.message });
    return undefined;
  }
}
