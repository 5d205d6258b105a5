// The mark that says which form the files in `.moorage/` have, and how the root began: whoever deletes what nothing needs has to know
// whether other tools may need it.
import type { Key } from '../object-store.ts';
import { ownDirectory } from '../own-names.ts';
import { type RootOrigin, rootOrigins } from '../root-origin.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import type { FileTree } from './file-tree.ts';
import { readWhole } from './read-file.ts';
import { writeSmall } from './small-file.ts';
import type { StoreParts } from './store-parts.ts';

/** Of the files that this version writes. Roots of versions without the mark are carried over by getting one. */
const currentForm = 1;

export const formKey = `${ownDirectory}/format` as Key;
const longestBytes = 4_096;

/** Undefined where there is no mark that we may read. Refuses ('unsafe') files of a later version, in one line for an operator. */
export async function readRootForm(tree: FileTree): Promise<RootOrigin | undefined> {
  const text = await textOfMark(tree);
  const mark = text === undefined ? undefined : parseMark(text);
  if (mark === undefined) return undefined;
  if (mark.form > currentForm) {
    throw new StorageError(
      'unsafe',
      `the files in ${tree.root}/${ownDirectory} were written by a later version of moorage (form ${mark.form}, this one knows ${currentForm}); use that version`,
    );
  }
  return mark.origin;
}

/** Durably. */
export async function layRootForm(parts: StoreParts, origin: RootOrigin): Promise<void> {
  if ((await readRootForm(parts.tree)) !== undefined) return;
  const bytes = Buffer.from(`${JSON.stringify({ moorage: 'files', form: currentForm, origin })}\n`);
  await writeSmall(parts, { key: formKey, bytes });
}

async function textOfMark(tree: FileTree): Promise<string | undefined> {
  try {
    const opened = tree.openForReading(formKey);
    if (opened === undefined) return undefined;
    try {
      return Buffer.from((await readWhole(tree, opened.descriptor, longestBytes)).bytes).toString('utf8');
    } finally {
      tree.calls.closeSync(opened.descriptor);
    }
  } catch (error) {
    const isForbidden = errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM';
    // What is larger than any mark is none.
    if (isForbidden || (error instanceof StorageError && error.failure === 'too-large')) return undefined;
    throw error;
  }
}

/** True for the bytes of a mark, of any form. */
export function isRootForm(bytes: Uint8Array): boolean {
  return parseMark(Buffer.from(bytes).toString('utf8')) !== undefined;
}

/** What was damaged counts as absent: the root is then taken for one of an earlier version, of which least is deleted. */
function parseMark(text: string): { readonly form: number; readonly origin: RootOrigin } | undefined {
  let mark: unknown;
  try {
    mark = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof mark !== 'object' || mark === null || !('form' in mark) || !('moorage' in mark)) return undefined;
  const { form } = mark;
  if (typeof form !== 'number' || !Number.isInteger(form)) return undefined;
  const origin = 'origin' in mark ? rootOrigins.find((each) => each === mark.origin) : undefined;
  return { form, origin: origin ?? 'earlier' };
}
