// What a layout hides from whoever only sees its tags: told from index.json and a look at each tagged file, without reading manifests.
import { RegistryError } from '../../oci/error-code.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { ImageLayout } from '../image-layout.ts';
import type { LayoutIndex } from '../layout-index.ts';
import { UnsupportedLayoutError } from '../layout-version.ts';
import type { NameRules } from '../names/name-rules.ts';
import { Pace } from '../pace.ts';
import { fieldsOf } from './entry-fields.ts';
import type { FindingSubject } from './finding.ts';
import { FindingList } from './finding-list.ts';
import { shownName } from './manifest-findings.ts';
import { findNames } from './name-findings.ts';

/** Beyond, tagged files are not looked at: this runs while a server starts. */
const maxLookedAt = 20_000;

/** Never fails because of one layout. What is found besides, e.g. notes, is for the caller to leave out. */
export async function findHidden(layout: ImageLayout, name: string, names: NameRules): Promise<FindingList> {
  const findings = new FindingList();
  try {
    const index = await layout.readIndex();
    if (index === undefined) return findings;
    findNames(index, name, names, findings);
    await findDangling(layout, index, findings);
  } catch (error) {
    const [code, subject] = whyNot(error);
    findings.add(code, subject);
  }
  return findings;
}

async function findDangling(layout: ImageLayout, index: LayoutIndex, findings: FindingList): Promise<void> {
  const pace = new Pace();
  let lookedAt = 0;
  for (const entry of index.entries) {
    const { digest, mediaType } = entry;
    const name = shownName(entry);
    if (name === undefined) continue;
    if (digest === undefined) findings.add('invalid-digest', { name, digest: fieldsOf(entry).digest });
    lookedAt += 1;
    if (digest === undefined || mediaType === undefined || lookedAt > maxLookedAt) continue;
    if ((await layout.blobs.stat(digest)) === undefined) findings.add('dangling-tag', { name, digest });
    await pace.step();
  }
}

function whyNot(
  error: unknown,
): readonly ['other-layout-version' | 'index-unreadable' | 'unreadable-file', FindingSubject] {
  const path = 'index.json';
  if (error instanceof StorageError) return ['unreadable-file', { path, detail: error.message }];
  if (!(error instanceof RegistryError)) throw error;
  if (error.cause instanceof UnsupportedLayoutError) return ['other-layout-version', { path: 'oci-layout' }];
  return ['index-unreadable', { path, detail: error.cause instanceof Error ? error.cause.message : undefined }];
}
