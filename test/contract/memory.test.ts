// The memory driver keeps the promises of the storage seam.
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import { objectStoreContract } from './object-store.contract.ts';

objectStoreContract('memory', async () => {
  const store = new MemoryStore();
  return {
    store,
    another: async () => store,
    leftovers: async () => [],
    dispose: async () => {},
  };
});
