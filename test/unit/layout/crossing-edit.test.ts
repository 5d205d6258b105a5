// Edits as they cross to another process: plain data, and the same again there.
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { type CrossingEdit, crossingEdit, editOf } from '../../../src/layout/changes/crossing-edit.ts';
import { EditRoute } from '../../../src/layout/changes/edit-owners.ts';
import type { PutEdit, RemoveEdit, UntagEdit } from '../../../src/layout/changes/index-edit.ts';
import type { LayoutPlace } from '../../../src/layout/changes/layout-place.ts';
import type { VirtualPath } from '../../../src/layout/names/name-table.ts';
import { LayoutNames } from '../../../src/layout/names/repository-names.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { parseTag } from '../../../src/oci/reference.ts';

const all = new LayoutNames('team', {
  duplicates: 'last',
  unnamed: 'latest',
  tagless: 'hidden',
  registryHost: 'strip',
  listReferrersTags: false,
});
const digest = `sha256:${'a'.repeat(64)}` as Digest;
const [v1, v2] = [parseTag('v1'), parseTag('v2')];
const protection = { whyKept: (tag: string) => (tag === 'v1' ? 'tags v1 are immutable here' : undefined) };

const put: PutEdit = {
  kind: 'put',
  how: 'push',
  facts: {
    subject: undefined,
    children: undefined,
    withheldBytes: 0,
    descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 2 },
  },
  bytes: Buffer.from('{}'),
  absent: [],
  tags: [v1, v2],
  names: all.of('sub/app' as VirtualPath),
  condition: { reference: v1, precondition: { match: undefined, noneMatch: 'any' } },
  protection,
};

const untag: UntagEdit = { kind: 'untag', how: 'delete', tag: v1, names: all.of('' as VirtualPath), protection };

const remove: RemoveEdit = {
  kind: 'remove',
  how: 'delete',
  digest,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  size: 3,
  subject: undefined,
  names: all.of('' as VirtualPath),
};

function crossed(edit: PutEdit | UntagEdit | RemoveEdit) {
  return editOf(deserialize(serialize(crossingEdit(edit))) as CrossingEdit, all);
}

describe('an edit of another process', () => {
  it.each([put, untag, remove])('is the same there: $kind', (edit) => {
    const { names, protection: before, ...plain } = edit;
    const { protection: after, ...there } = crossed(edit) as PutEdit;
    const { names: namesThere, ...plainThere } = there;
    expect(plainThere).toEqual('condition' in plain ? plain : { ...plain, condition: undefined });
    expect(namesThere.path).toBe(names.path);
    expect(namesThere.all).toBe(all);
    for (const tag of [v1, v2]) expect(after?.whyKept(tag)).toBe(before?.whyKept(tag));
  });

  it('stays where it is when only its own process can say what must hold', () => {
    const condition = { reference: v1, precondition: { match: undefined, noneMatch: undefined } };
    expect(crossingEdit({ ...untag, condition: { ...condition, unless: async () => true } })).toBeUndefined();
    expect(crossingEdit({ ...remove, protection })).toBeUndefined();
    expect(crossingEdit({ ...put, bytes: Buffer.alloc(300 * 1024) })).toBeUndefined();
    expect(crossingEdit({ kind: 'restore', entries: [], names: put.names })).toBeUndefined();
  });
});

it.each([true, false])(
  'of which another process says that it is committed makes this one look anew: %s',
  async (isCommitted) => {
    const done: string[] = [];
    const route = new EditRoute({
      writer: { submit: async () => void done.push('committed here') },
      names: all,
      place: { mount: '', prefix: 'team' } as unknown as LayoutPlace,
      owners: { commit: async () => isCommitted, isToldOf: () => false },
      looks: [{ lookAnew: () => void done.push('looked anew') }],
    });
    await route.submit(untag);
    expect(done).toEqual([isCommitted ? 'looked anew' : 'committed here']);
  },
);
