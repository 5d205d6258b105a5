// What a layout hides from whoever only sees its tags: told from index.json, a glance at each tagged file and, of the first, at what they need.
import { type LayoutKeys, type LayoutPrefix, layoutKeys } from '../../layout/files/keys.ts';
import { IndexUnreadableError } from '../../layout/index/index-document.ts';
import { maxIndexBytes } from '../../layout/index/index-limits.ts';
import { readIndexDocument, whileUnfinished } from '../../layout/index/index-patience.ts';
import { LayoutIndex } from '../../layout/index/layout-index.ts';
import { LayoutVersion, UnsupportedLayoutError } from '../../layout/index/layout-version.ts';
import type { NameRules } from '../../layout/names/name-rules.ts';
import { impliedLatest } from '../../layout/names/name-table.ts';
import { Pace } from '../../layout/pacing/pace.ts';
import { paced } from '../../layout/pacing/steps.ts';
import { systemClock } from '../../storage/clock.ts';
import type { DirectoryListing } from '../../storage/filesystem/directory-listing.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { findNoBlobs } from './blob-presence.ts';
import { ContentGlance, type ReadBudget } from './content-glance.ts';
import { fieldsOf } from './entry-fields.ts';
import type { FindingCode, FindingSubject } from './finding.ts';
import { FindingList } from './finding-list.ts';
import { shownName } from './manifest-findings.ts';
import { findingNames } from './name-findings.ts';

/** Beyond, tagged files are not looked at: this runs while a server starts. */
const maxLookedAt = 20_000;
/** Larger ones are for `moorage inspect`. */
const maxReadBytes = 128 * 1024 * 1024;
/** Less than a request has: a server that starts with thousands of layouts waits for each. */
const patienceMs = 200;

export interface FindHiddenOptions {
  readonly store: ObjectReader;
  readonly prefix: LayoutPrefix;
  readonly name: string;
  readonly names: NameRules;
  /** Shows links among the blobs; undefined where the store is no directory. */
  readonly files: DirectoryListing | undefined;
  readonly budget: ReadBudget;
}

/**
 * Never fails because of one layout, and keeps nothing of any: there may be thousands. What is found besides, e.g. notes, is for
 * the caller to leave out.
 */
export async function findHidden(options: FindHiddenOptions): Promise<FindingList> {
  const { store, prefix, name, names } = options;
  const findings = new FindingList();
  const keys = layoutKeys(prefix);
  try {
    await new LayoutVersion(store, keys).assertReadable();
    const info = await store.stat(keys.index);
    if (info !== undefined && info.size > maxReadBytes && info.size <= maxIndexBytes) return findings;
    const read = () => readIndexDocument(store, keys.index, maxReadBytes);
    const document = await whileUnfinished(read, { clock: systemClock, patienceMs });
    if (document === undefined) return findings;
    const index = await LayoutIndex.inTurns(document);
    await paced(findingNames(index, name, names, findings));
    await findDangling(options, keys, index, findings);
    if (findings.has('dangling-tag')) await findNoBlobs(options, keys, findings);
  } catch (error) {
    const [code, subject] = whyNot(error);
    findings.add(code, subject);
  }
  return findings;
}

const path = 'index.json';

async function findDangling(
  options: FindHiddenOptions,
  keys: LayoutKeys,
  index: LayoutIndex,
  findings: FindingList,
): Promise<void> {
  const { store, names } = options;
  const latest = names.unnamed === 'latest' ? impliedLatest(index.entries) : undefined;
  const pace = new Pace();
  const content = new ContentGlance(options, keys);
  let lookedAt = 0;
  for (const entry of index.entries) {
    const { digest } = entry;
    const name = shownName(entry) ?? (entry === latest ? 'latest' : undefined);
    if (name === undefined) continue;
    if (digest === undefined) findings.add('invalid-digest', { name, digest: fieldsOf(entry).digest });
    lookedAt += 1;
    if (digest === undefined || lookedAt > maxLookedAt) continue;
    try {
      const size = await store.glance(keys.blob(digest));
      if (size === undefined) findings.add('dangling-tag', { name, digest, detail: content.linkAt(digest) });
      else await content.find({ name, digest, mediaType: entry.mediaType, size }, findings);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return findings.add('unreadable-file', { name, digest, detail: error.message });
    }
    await pace.step();
  }
}

function whyNot(error: unknown): readonly [FindingCode, FindingSubject] {
  if (error instanceof UnsupportedLayoutError) return ['other-layout-version', { path: 'oci-layout' }];
  if (error instanceof IndexUnreadableError) return ['index-unreadable', { path, detail: error.message }];
  if (!(error instanceof StorageError)) throw error;
  const code = error.failure === 'too-large' ? 'index-too-large' : 'unreadable-file';
  return [error.failure === 'unsafe' ? 'irregular-file' : code, { path, detail: error.message }];
}
