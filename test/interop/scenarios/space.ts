// A site that runs by itself: versions of an image that share a base are pushed one after the other, rules keep the newest three, and the disk
// is as large as those three; clients pull them while pushes go on. Then a wrong push is rolled back.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expectEqual, expectIncludes, expectNoneLost, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { tarArchive } from '../material/tar.ts';
import { projectFile } from '../project-files.ts';
import { RegistryClient, sha256 } from '../registry-client.ts';
import { OwnServer } from '../server-under-test.ts';
import type { Tool } from '../tools/tool.ts';

const versions = 20;
const kept = 3;
const layerBytes = 300_000;
const repository = 'interop/space';
const settings = `retention:
  - repositories: ${repository}
    tags: v*
    keepNewest: ${kept}
untagged: 1s
gc:
  every: 1s
  grace: 2s
`;
/** Untagged, off the list, and free: a run of each, and the time between. */
const freeWithinMs = 60_000;

export const space: Scenario = async (lab) => {
  if (lab.server.root === undefined) return;
  await lab.checks.check('moorage', 'keeps three of twenty versions, and no byte of the others', () => keepsThree(lab));
};

async function keepsThree(lab: Lab): Promise<string> {
  const root = join(lab.scratch, 'space');
  const config = join(lab.scratch, 'space.yaml');
  await writeFile(config, settings);
  const log = join(lab.scratch, 'space.log');
  const server = await OwnServer.mounting(projectFile('dist/main.js'), ['--root', root, '--config', config], log);
  try {
    const registry = new RegistryClient(server.host);
    const base = layer('base');
    await registry.pushBlob(repository, base.bytes);
    for (let version = 1; version <= versions; version += 1) {
      const own = layer(`version-${version}`);
      await registry.pushBlob(repository, own.bytes);
      await push(registry, repository, `v${version}`, [base, own]);
    }
    const newest = Array.from({ length: kept }, (_, at) => `v${versions - kept + 1 + at}`);
    const side = pushesBeside(registry, base);
    let usedBytes = 0;
    try {
      usedBytes = await settled(root, lab, newest.length + 1);
      for (const tool of toolsOf(lab)) for (const tag of newest) await pulls(tool, registry, tag);
    } finally {
      await side.end();
    }
    const beside = await side.wanted();
    expectEqual([...(await registry.tags(repository))].sort().join(' '), newest.join(' '), 'the tags that are left');
    await backFromWrongPush(lab, registry, root, base);
    return `${versions * layerBytes} bytes pushed, ${usedBytes} used; ${beside} pushes beside it`;
  } finally {
    await server.stop();
  }
}

interface Layer {
  readonly digest: string;
  readonly diffId: string;
  readonly bytes: Buffer;
}

/** With one file that does not compress, compressed: some clients compress what is not. */
function layer(name: string): Layer {
  const tar = tarArchive([{ path: name, mode: 0o644, content: randomBytes(layerBytes) }]);
  const bytes = gzipSync(tar);
  return { digest: sha256(bytes), diffId: sha256(tar), bytes };
}

async function push(registry: RegistryClient, name: string, tag: string, layers: readonly Layer[]): Promise<void> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: await registry.pushBlob(name, config),
      size: config.length,
    },
    layers: layers.map(({ digest, bytes }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size: bytes.length,
    })),
  };
  await registry.pushManifest(name, tag, type, Buffer.from(JSON.stringify(manifest)));
}

/** Another repository, whose images consist of what the first one shares and deletes. */
function pushesBeside(registry: RegistryClient, base: Layer) {
  let isOver = false;
  const tags: string[] = [];
  const other = `${repository}-beside`;
  const pushing = (async () => {
    while (!isOver) {
      const tag = `t${tags.length}`;
      await registry.pushBlob(other, base.bytes);
      await push(registry, other, tag, [base]);
      tags.push(tag);
      await delay(50);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await pushing;
    },
    /** Everything is there; answers how much that is. */
    wanted: async () => {
      expectNoneLost(await registry.tags(other), tags, 'beside the collections');
      expectEqual(await registry.status(`/v2/${other}/blobs/${base.digest}`, 'HEAD'), 200, 'HEAD of what was mounted');
      return tags.length;
    },
  };
}

/** Waits until `moorage du` shows no more bytes than so many layers; answers the bytes. */
async function settled(root: string, lab: Lab, layers: number): Promise<number> {
  let bytes = Number.POSITIVE_INFINITY;
  for (const endMs = Date.now() + freeWithinMs; Date.now() < endMs; await delay(500)) {
    const du = JSON.parse(await moorage(lab, 'du', '--root', root, '--json')) as {
      readonly mounts: readonly { readonly total: number }[];
    };
    bytes = du.mounts.reduce((sum, { total }) => sum + total, 0);
    if (bytes < (layers + 0.5) * layerBytes) return bytes;
  }
  expectThat(false, `${bytes} bytes are still used`);
  return bytes;
}

async function backFromWrongPush(lab: Lab, registry: RegistryClient, root: string, base: Layer): Promise<void> {
  const tag = `v${versions}`;
  const right = (await registry.manifest(repository, tag)).digest;
  await push(registry, repository, tag, [base, base]);
  expectThat((await registry.manifest(repository, tag)).digest !== right, 'the wrong push changed nothing');
  await moorage(lab, 'rollback', `${repository}:${tag}`, '--root', root);
  expectEqual((await registry.manifest(repository, tag)).digest, right, 'the digest after the rollback');
  for (const tool of toolsOf(lab)) await pulls(tool, registry, tag);
}

/** regctl was told of one registry that speaks plain HTTP, and it is not this one. */
function toolsOf({ tools }: Lab): readonly Tool[] {
  return tools.filter(({ name }) => name !== 'regctl');
}

async function pulls(tool: Tool, registry: RegistryClient, tag: string): Promise<void> {
  const { digest } = await registry.manifest(repository, tag);
  expectIncludes(
    await tool.pullImage(registry.reference(repository, tag)),
    digest,
    `what ${tool.name} pulled of ${tag}`,
  );
}

function moorage(lab: Lab, ...args: readonly string[]): Promise<string> {
  return lab.run('node', [projectFile('dist/main.js'), ...args]);
}
