// buildx imagetools: copies into layouts and inspects them, without an engine or BuildKit.

import { expectEqual } from '../../expect.ts';
import type { TaggedContent } from '../contents.ts';
import { copied, type MatrixTool, type Reader, type Writer } from '../matrix-tool.ts';

export const buildx: MatrixTool = {
  name: 'buildx imagetools',
  commands: ['docker-buildx'],
  needsRoot: false,
  full: true,
  async open(bench) {
    const { contents, reference } = bench;
    const run = (...args: string[]) => bench.run('docker-buildx', ['imagetools', ...args]);
    const copies = (content: TaggedContent): Writer => ({
      how: 'create',
      async write(target) {
        await run('create', '--prefer-index=false', '--tag', `oci-layout://${target}:v1`, reference(content));
        return { path: target, expected: [copied(content)] };
      },
    });
    const reads = (content: TaggedContent): Reader => ({
      how: 'inspect',
      async read() {
        const name = `oci-layout://${bench.layoutOf(content)}:${content.tag}`;
        const inspected = JSON.parse(await run('inspect', '--format', '{{json .Manifest}}', name)) as {
          digest: string;
        };
        expectEqual(inspected.digest, content.digest, 'the digest in the directory');
        await run('create', '--prefer-index=false', '--tag', `oci-layout://${bench.fresh('copy')}:v1`, name);
        return content.digest;
      },
    });
    const fixedTypes = 'buildx copies and shows referrers of a fixed set of artifact types only';
    const bareTags = 'buildx writes bare tags: what it writes to one layout is of one repository';
    return {
      version: await bench.version('docker-buildx', () => bench.run('docker-buildx', ['version'])),
      writes: {
        image: [copies(contents.image)],
        index: [copies(contents.index)],
        referrers: { cannot: fixedTypes },
        names: { cannot: bareTags },
      },
      reads: {
        image: [reads(contents.image)],
        index: [reads(contents.index)],
        referrers: { cannot: fixedTypes },
        names: { cannot: bareTags },
      },
      close: async () => {},
    };
  },
};
