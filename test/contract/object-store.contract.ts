// What every storage driver promises (src/storage/object-store.ts). A new driver is one more call of `objectStoreContract`.
import { afterEach, beforeEach, describe } from 'vitest';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { exclusiveContract } from './exclusive.contract.ts';
import { objectsContract } from './objects.contract.ts';
import { stagedContract } from './staged.contract.ts';
import type { StoreUnderTest } from './store-under-test.ts';
import { updatesContract } from './updates.contract.ts';

export function objectStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name}: object store`, () => {
    let tested: StoreUnderTest;
    const stores: ObjectStore[] = [];

    beforeEach(async () => {
      tested = await make();
    });

    // Whatever a test did, failures included, leaves nothing behind but objects and unfinished uploads.
    afterEach(async ({ expect }) => {
      await tested.store.close();
      for (const store of stores.splice(0)) await store.close();
      const leftovers = await tested.leftovers();
      await tested.dispose();
      expect(leftovers).toEqual([]);
    });

    const store = (): ObjectStore => tested.store;
    const another = async (): Promise<ObjectStore> => {
      const opened = await tested.another();
      stores.push(opened);
      return opened;
    };
    objectsContract(store);
    updatesContract(store, another);
    exclusiveContract(store, another);
    stagedContract(store, another);
  });
}
