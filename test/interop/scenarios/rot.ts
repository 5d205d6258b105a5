// Rot under a running server: a byte of a layer is flipped in every link of it, `moorage verify` finds it, the server no longer serves it,
// `moorage verify --repair` puts a good copy under every name, and each client pulls the image again.

import { cp, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command.ts';
import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { projectFile } from '../project-files.ts';
import { sha256 } from '../registry-client.ts';
import type { Tool } from '../tools/tool.ts';

/** A server looks every five seconds at what others found out. */
const noticedWithinMs = 30_000;

export const rot: Scenario = async (lab) => {
  const { root } = lab.server;
  if (root === undefined) return;
  for (const tool of lab.tools) {
    await lab.checks.check(tool.name, 'pulls an image whose layer had rotted, after verify --repair', () =>
      repairAndPull(lab, root, tool),
    );
  }
};

async function repairAndPull(lab: Lab, root: string, tool: Tool): Promise<string> {
  const { registry } = lab;
  const source = await lab.images.image(`${tool.name}-rot`);
  const repository = `interop/${tool.name}/rot`;
  const reference = registry.reference(repository, 'v1');
  await tool.pushImage(source, reference);
  const { digest } = await registry.manifest(repository, 'v1');
  const good = join(lab.scratch, `${tool.name}-good`);
  await cp(join(root, repository), good, { recursive: true });
  const blob = await flipLargest(join(root, repository, 'blobs/sha256'));
  const url = `/v2/${repository}/blobs/sha256:${blob}`;

  expectThat((await verify(lab, root, repository)).includes('wrong-digest'), 'verify did not find the damage');
  for (const endMs = Date.now() + noticedWithinMs; (await registry.status(url, 'HEAD')) !== 404; ) {
    expectThat(Date.now() < endMs, 'the server still serves what verify found damaged');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const repaired = await verify(lab, root, repository, '--repair', '--from', good);
  expectThat(repaired.includes('mended'), `verify --repair said: ${repaired}`);
  expectThat((await verify(lab, root, repository)).includes('0 errors, 0 warnings'), 'something is left to repair');
  const served = await fetch(registry.url(url));
  expectEqual(sha256(Buffer.from(await served.arrayBuffer())), `sha256:${blob}`, 'the digest of what is served');
  expectIncludes(await tool.pullImage(reference), digest, 'the digest pulled after the repair');
  return `${(await stat(join(root, repository, 'blobs/sha256', blob))).nlink} names`;
}

/** In place, so that every link of the file has it; returns the encoded part of its digest. */
async function flipLargest(directory: string): Promise<string> {
  let largest = { name: '', size: -1 };
  for (const name of await readdir(directory)) {
    const { size } = await stat(join(directory, name));
    if (size > largest.size) largest = { name, size };
  }
  const file = await open(join(directory, largest.name), 'r+');
  try {
    const byte = Buffer.alloc(1);
    const at = Math.floor(largest.size / 2);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  } finally {
    await file.close();
  }
  return largest.name;
}

/** What it prints, whatever it found. */
async function verify(lab: Lab, root: string, ...args: readonly string[]): Promise<string> {
  try {
    return await lab.run('node', [projectFile('dist/main.js'), 'verify', '--root', root, ...args]);
  } catch (error) {
    if (error instanceof CommandError && error.result.code === 1) return error.result.stdout;
    throw error;
  }
}
