// Delete and re-push: the manifest and its blobs go, a pull is refused, and the same push brings all of it back.

import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import type { TestImage } from '../material/test-images.ts';
import { isAble, type Tool } from '../tools/tool.ts';

export const deleteAndRepush: Scenario = async (lab) => {
  for (const tool of lab.tools) {
    const source = await lab.images.image(`${tool.name}-repush`);
    await lab.checks.check(tool.name, 'delete and re-push', () => deleteAndPushAgain(lab, tool, source));
  }
};

async function deleteAndPushAgain({ registry }: Lab, tool: Tool, source: TestImage): Promise<string> {
  const repository = `interop/${tool.name}/repush`;
  const reference = registry.reference(repository, 'v1');
  await tool.pushImage(source, reference);
  const before = await registry.manifest(repository, 'v1');
  const blobs = await registry.blobsOf(repository, 'v1');

  const { removal } = tool;
  if (isAble(removal)) await removal.remove(reference);
  else await registry.delete(`/v2/${repository}/manifests/${before.digest}`);
  expectEqual(await registry.status(`/v2/${repository}/manifests/v1`), 404, 'GET of the deleted tag');
  expectEqual(await registry.status(`/v2/${repository}/manifests/${before.digest}`), 404, 'GET of the deleted digest');
  for (const digest of blobs) {
    await registry.delete(`/v2/${repository}/blobs/${digest}`);
    expectEqual(await registry.status(`/v2/${repository}/blobs/${digest}`, 'HEAD'), 404, 'HEAD of a deleted blob');
  }
  expectThat(await refusesPull(tool, reference), 'the tool still pulls what was deleted');

  await tool.pushImage(source, reference);
  const after = await registry.manifest(repository, 'v1');
  if (tool.keepsDigests) expectEqual(after.digest, before.digest, 'the digest of the second push');
  for (const digest of await registry.blobsOf(repository, 'v1')) {
    expectEqual(await registry.status(`/v2/${repository}/blobs/${digest}`, 'HEAD'), 200, 'HEAD of a blob pushed again');
  }
  expectIncludes(await tool.pullImage(reference), after.digest, 'the digest pulled after the second push');
  return isAble(removal) ? '' : `deleted over HTTP: ${removal.cannot}`;
}

async function refusesPull(tool: Tool, reference: string): Promise<boolean> {
  try {
    await tool.pullImage(reference);
    return false;
  } catch {
    // The refusal is what is looked for; the registry's own 404 was checked before.
    return true;
  }
}
