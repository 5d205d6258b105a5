// Arbitrary edits of an index, and how a plain model takes them: which tag means what, and which manifests are listed.
import fc from 'fast-check';
import { applyEdit, type PutEdit, type RemoveEdit, type UntagEdit } from '../../../src/layout/changes/index-edit.ts';
import { IndexDraft } from '../../../src/layout/index/index-draft.ts';
import type { LayoutIndex } from '../../../src/layout/index/layout-index.ts';
import { LayoutNames } from '../../../src/layout/names/repository-names.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';
import type { ManifestFacts } from '../../../src/oci/manifest-facts.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseTag, type Tag } from '../../../src/oci/reference.ts';
import { defaultRules } from '../rules.ts';
import { digest, tag } from './index-lines.ts';

export const someTag: fc.Arbitrary<Tag> = tag.map(parseTag);

const facts: fc.Arbitrary<ManifestFacts> = fc
  .tuple(digest, fc.option(digest, { nil: undefined }))
  .map(([of, subject]) => ({
    subject: subject === of ? undefined : subject,
    descriptor: { mediaType: mediaTypes.imageManifest, digest: of, size: 5 },
    withheldBytes: 0,
    children: [],
  }));

const names = new LayoutNames('team/app', { ...defaultRules, unnamed: 'hidden' }).of('');

const put = fc.record({
  kind: fc.constant('put' as const),
  how: fc.constant('push' as const),
  facts,
  bytes: fc.constant(Buffer.from('bytes')),
  absent: fc.constant([]),
  tags: fc.uniqueArray(someTag, { maxLength: 2 }),
  names: fc.constant(names),
});
const untag = fc.record({
  kind: fc.constant('untag' as const),
  how: fc.constant('delete' as const),
  tag: someTag,
  names: fc.constant(names),
});
const remove = fc.record({
  kind: fc.constant('remove' as const),
  how: fc.constant('delete' as const),
  digest,
  mediaType: fc.constant(''),
  size: fc.constant(0),
  subject: fc.constant(undefined),
  names: fc.constant(names),
});

/** What clients ask for; a reconcile is worked out from an index. */
export type ClientEdit = PutEdit | UntagEdit | RemoveEdit;

export const edit: fc.Arbitrary<ClientEdit> = fc.oneof({ weight: 3, arbitrary: put }, untag, remove);

/** What the edits of a repository come to, without any file. */
export class ModelIndex {
  readonly tags = new Map<string, Digest>();
  readonly listed = new Set<Digest>();

  /** False when the edit is to be refused. */
  apply(each: ClientEdit): boolean {
    if (each.kind === 'put') {
      this.listed.add(each.facts.descriptor.digest);
      for (const name of each.tags) this.tags.set(name, each.facts.descriptor.digest);
      return true;
    }
    if (each.kind === 'untag') return this.tags.delete(each.tag);
    this.listed.delete(each.digest);
    for (const [name, of] of this.tags) if (of === each.digest) this.tags.delete(name);
    return true;
  }
}

/** The next snapshot, and which of the edits were refused. */
export function afterBatch(index: LayoutIndex, edits: readonly ClientEdit[]) {
  const draft = new IndexDraft(index);
  const accepted = edits.map((each) => {
    try {
      applyEdit(draft, each, 0);
      return true;
    } catch (error) {
      if (error instanceof RegistryError) return false;
      throw error;
    }
  });
  return { index: draft.finish(), accepted, withdrawn: draft.withdrawn };
}
