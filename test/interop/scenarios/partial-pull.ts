// A layer in zstd:chunked, of which podman pulls only the files that it has not got: several ranges in one request.

import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expectEqual, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';

const repository = 'interop/podman/partial';
const fileBytes = 200_000;
const files = 40;
const changed = [3, 17, 29];

export const partialPull: Scenario = async (lab) => {
  const isWanted = lab.tools.some(({ name }) => name === 'podman');
  if (isWanted) await lab.checks.check('podman', 'a pull of what changed in a layer', () => pullPartly(lab));
};

async function pullPartly(lab: Lab): Promise<string> {
  const directory = join(lab.scratch, 'partial-pull');
  const writer = await podmanWith(lab, join(directory, 'writer'));
  const reader = await podmanWith(lab, join(directory, 'reader'));
  const content = join(directory, 'content');
  await mkdir(content);
  await writeFile(join(directory, 'Containerfile'), 'FROM scratch\nCOPY content /data\n');
  for (let at = 0; at < files; at += 1) await writeFile(join(content, `f${at}`), randomBytes(fileBytes));
  const push = async (tag: string) => {
    const reference = lab.registry.reference(repository, tag);
    await writer('build', '--isolation', 'chroot', '--tag', reference, directory);
    await writer('push', '--tls-verify=false', '--compression-format', 'zstd:chunked', reference);
  };
  await push('v1');
  for (const at of changed) await writeFile(join(content, `f${at}`), randomBytes(fileBytes));
  await push('v2');
  const counted = await countedRelay(Number(lab.registry.host.split(':').at(-1)));
  try {
    const pull = (tag: string) =>
      reader('pull', '--quiet', '--tls-verify=false', `${counted.host}/${repository}:${tag}`);
    await pull('v1');
    const before = counted.bytes();
    const id = (await pull('v2')).trim();
    const got = counted.bytes() - before;
    expectEqual(id.length, 64, 'the length of the image that podman names');
    expectThat(got < 2 * changed.length * fileBytes, `podman got ${got} bytes for ${changed.length} changed files`);
    return `${got} bytes for ${changed.length} changed files of ${files}`;
  } finally {
    counted.close();
    for (const podman of [writer, reader]) await podman('rmi', '--all', '--force');
  }
}

/** podman with a storage of its own, which takes images in parts. */
async function podmanWith({ run }: Lab, directory: string): Promise<(...args: string[]) => Promise<string>> {
  await mkdir(directory, { recursive: true });
  const configuration = join(directory, 'storage.conf');
  const lines = [
    '[storage]',
    'driver = "overlay"',
    `graphroot = "${join(directory, 'root')}"`,
    `runroot = "${join(directory, 'run')}"`,
    '[storage.options]',
    'pull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = ""}',
  ];
  await writeFile(configuration, `${lines.join('\n')}\n`);
  const own = ['--cgroup-manager=cgroupfs', '--events-backend=none'];
  return (...args) => run('env', [`CONTAINERS_STORAGE_CONF=${configuration}`, 'podman', ...own, ...args]);
}

/** Passes every byte on, and counts those that come back. */
async function countedRelay(port: number) {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Either side may go first; the other then ends as well.
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      bytes += chunk.length;
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
