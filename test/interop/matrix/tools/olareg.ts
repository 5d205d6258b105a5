// olareg: a registry on layouts, like this one; its responses to the referrers API are entries of its own.

import { cp, mkdir } from 'node:fs/promises';
import { expectEqual } from '../../expect.ts';
import { RegistryClient } from '../../registry-client.ts';
import { freePort } from '../../server-under-test.ts';
import { type MatrixContents, pushContents, type TaggedContent } from '../contents.ts';
import { Daemon, expectAnswer } from '../daemon.ts';
import { type Bench, copied, type MatrixTool, type Reader, type Writer } from '../matrix-tool.ts';

export const olareg: MatrixTool = {
  name: 'olareg',
  commands: ['olareg'],
  needsRoot: false,
  full: false,
  async open(bench) {
    // Both hold everything: one that it wrote by itself, one that is a copy of our root (a look makes olareg write into it).
    const written = bench.fresh('written');
    const ours = bench.fresh('ours');
    await mkdir(written);
    await cp(bench.root, ours, { recursive: true });
    const contents = await serving(bench, written, pushContents);
    const writes = (content: TaggedContent): Writer => ({
      how: '',
      write: async () => ({ path: `${written}/${content.repository}`, expected: [copied(content)] }),
    });
    const reads = (content: TaggedContent): Reader => ({
      how: 'serve',
      read: async () =>
        await serving(bench, ours, async (registry) => {
          const { digest } = await registry.manifest(content.repository, content.tag);
          expectEqual(digest, content.digest, 'the digest that olareg serves');
          const found = await registry.referrers(content.repository, digest);
          expectEqual(found.toSorted().join(), content.referrers.toSorted().join(), 'the referrers that olareg lists');
          await registry.blobsOf(content.repository, content.tag);
          return `${digest}, ${found.length} referrers`;
        }),
    });
    const kinds = (way: (content: TaggedContent) => Writer | Reader, from: MatrixContents) => ({
      image: [way(from.image)],
      index: [way(from.index)],
      referrers: [way(from.referrers)],
    });
    const cannot = 'olareg has one repository a directory, and full names are no tags to it';
    return {
      version: await bench.version('olareg', () => bench.run('olareg', ['version'])),
      writes: { ...(kinds(writes, contents) as Record<'image' | 'index' | 'referrers', Writer[]>), names: { cannot } },
      reads: {
        ...(kinds(reads, bench.contents) as Record<'image' | 'index' | 'referrers', Reader[]>),
        names: { cannot },
      },
      close: async () => {},
    };
  },
};

async function serving<T>(bench: Bench, directory: string, work: (registry: RegistryClient) => Promise<T>): Promise<T> {
  const command = bench.executable('olareg') ?? 'olareg';
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const args = ['serve', '--addr', '127.0.0.1', '--port', String(port), '--dir', directory];
  const log = `${bench.directory}/olareg.log`;
  const daemon = await Daemon.start(command, args, { env: bench.env, log }, () => expectAnswer(`http://${host}/v2/`));
  try {
    return await work(new RegistryClient(host));
  } finally {
    await daemon.stop();
  }
}
