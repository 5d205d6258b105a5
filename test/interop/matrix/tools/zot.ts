// zot, the last release that its module can be had of (2022): a registry on layouts, before it knew referrers.

import { cp, mkdir, writeFile } from 'node:fs/promises';
import { expectEqual } from '../../expect.ts';
import { RegistryClient } from '../../registry-client.ts';
import { freePort } from '../../server-under-test.ts';
import { pushContents, type TaggedContent } from '../contents.ts';
import { Daemon, expectAnswer } from '../daemon.ts';
import { type Bench, copied, type MatrixTool, type Reader, type Writer } from '../matrix-tool.ts';

const noReferrers = 'zot 1.4 has no referrers API; current releases are judged as a model';
const cannot = 'zot has one repository a directory, and full names are no tags to it';

export const zot: MatrixTool = {
  name: 'zot 1.4',
  commands: ['zot'],
  needsRoot: false,
  full: true,
  async open(bench) {
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
          expectEqual(digest, content.digest, 'the digest that zot serves');
          await registry.blobsOf(content.repository, content.tag);
          return digest;
        }),
    });
    return {
      version: await bench.version('zot', () => bench.run('zot', ['--version'])),
      writes: {
        image: [writes(contents.image)],
        index: [writes(contents.index)],
        referrers: { cannot: noReferrers },
        names: { cannot },
      },
      reads: {
        image: [reads(bench.contents.image)],
        index: [reads(bench.contents.index)],
        referrers: { cannot: noReferrers },
        names: { cannot },
      },
      close: async () => {},
    };
  },
};

async function serving<T>(bench: Bench, directory: string, work: (registry: RegistryClient) => Promise<T>): Promise<T> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = `${bench.directory}/zot.json`;
  await writeFile(
    config,
    JSON.stringify({
      distSpecVersion: '1.0.1',
      storage: { rootDirectory: directory, gc: false },
      http: { address: '127.0.0.1', port: String(port) },
      log: { level: 'error' },
    }),
  );
  const log = `${bench.directory}/zot.log`;
  const command = bench.executable('zot') ?? 'zot';
  const daemon = await Daemon.start(command, ['serve', config], { env: bench.env, log }, () =>
    expectAnswer(`http://${host}/v2/`),
  );
  try {
    return await work(new RegistryClient(host));
  } finally {
    await daemon.stop();
  }
}
