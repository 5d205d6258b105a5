// The tags of a repository.
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/oci/reference.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { imageManifest } from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { codeOf, pushImage, pushManifest, tagsOf } from '../../support/pushes.ts';
import { memoryRegistry, registryOver } from '../../support/registry-under-test.ts';

const image = imageManifest();

describe('the tags of a repository', () => {
  it('come in the order of their bytes, in pages', async () => {
    const { repository } = await memoryRegistry();
    await pushImage(repository(), image, 'b');
    const tags = ['a', 'B', '_', '10', '9', 'a.b', 'A'];
    for (const tag of tags) await pushManifest(repository(), tag, image);
    const sorted = ['10', '9', 'A', 'B', '_', 'a', 'a.b', 'b'];
    expect(await tagsOf(repository())).toEqual(sorted);
    expect(await repository().tags.list({ after: 'B', limit: 2 })).toEqual({ items: ['_', 'a'], more: true });
    expect(await repository().tags.list({ after: 'C' })).toEqual({ items: ['_', 'a', 'a.b', 'b'], more: false });
  });

  it('are none in a repository of untagged manifests, and NAME_UNKNOWN where there is no repository', async () => {
    const { repository } = await memoryRegistry();
    await pushImage(repository(), image);
    expect(await repository().tags.list({})).toEqual({ items: [], more: false });
    expect(await codeOf(repository('team').tags.list({}))).toBe('NAME_UNKNOWN');
  });

  it('are none of a layout that lists nothing', async () => {
    const { repository, store } = await memoryRegistry();
    for (const fixture of ['generated/zot/empty', 'generated/odd/no-manifests-key']) {
      await putLayout(store, 'a', fixture);
      expect(await tagsOf(repository('a'))).toEqual([]);
    }
  });

  it('stay when the last one is deleted: the repository goes on to exist', async () => {
    const { repository } = await memoryRegistry();
    await pushImage(repository(), image, 'v1');
    await repository().manifests.delete(parseReference('v1'));
    expect(await tagsOf(repository())).toEqual([]);
    await repository().manifests.delete({ kind: 'digest', digest: image.digest });
    expect(await tagsOf(repository())).toEqual([]);
  });

  it('of another tool are its tags, also where they stand behind full names of one repository', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/oras/fullname');
    expect(await tagsOf(repository('a'))).toEqual(['multi', 'v1']);
    await putLayout(store, 'b', 'recorded/olareg/acme/app');
    expect(await tagsOf(repository('b'))).toEqual(['multi', 'v1']);
  });

  it('that could not be listed are listed for the next who asks', async () => {
    const { store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/regctl/referrers');
    const hooked = interleaving(store);
    const { repository } = registryOver(hooked.store);
    await repository('a').manifests.get(parseReference('v1'));
    hooked.rightBefore('stat', () => {
      throw new StorageError('unavailable', 'injected');
    });
    await expect(tagsOf(repository('a'))).rejects.toThrow('injected');
    expect(await tagsOf(repository('a'))).toEqual(['v1']);
  });
});
