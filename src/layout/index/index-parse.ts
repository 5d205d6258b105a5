// Parses index.json. What another program wrote in a form of its own is parsed whole; of our form, only what differs from what is known.
import type { SteppedWork } from '../pacing/steps.ts';
import { finished, paced } from '../pacing/steps.ts';
import { type IndexDocument, IndexUnreadableError } from './index-document.ts';
import { maxIndexEntries } from './index-limits.ts';
import { documentInLines } from './index-lines.ts';
import { documentInText, TooManyEntriesError } from './index-text.ts';
import { JsonSpanError } from './json-span.ts';

/**
 * Throws IndexUnreadableError. Segments and entries of `known` whose bytes stand in `bytes` as well are shared, not parsed again; it is
 * `known` itself where all of it is the same.
 */
export function parseIndexDocument(bytes: Buffer, known: IndexDocument | undefined): IndexDocument {
  return finished(parsing(bytes, known));
}

/** The same, in turns: an index of a hundred thousand entries takes half a second. */
export function parseIndexInTurns(bytes: Buffer, known: IndexDocument | undefined): Promise<IndexDocument> {
  return paced(parsing(bytes, known));
}

function* parsing(bytes: Buffer, known: IndexDocument | undefined): SteppedWork<IndexDocument> {
  if (known?.inOurForm === false && bytes.length > 0 && known.equals(bytes)) return known;
  try {
    return (yield* documentInLines(bytes, known)) ?? (yield* documentInText(bytes, known));
  } catch (cause) {
    if (cause instanceof JsonSpanError || cause instanceof SyntaxError) {
      throw new IndexUnreadableError('index.json is not a complete image index', { cause });
    }
    if (cause instanceof TooManyEntriesError) {
      throw new IndexUnreadableError(`index.json lists more than ${maxIndexEntries} entries`, { cause });
    }
    throw cause;
  }
}
