// buildx imagetools: copies into layouts and inspects them, without an engine or BuildKit.

import { expectEqual } from '../../expect.ts';
import { RegistryClient } from '../../registry-client.ts';
import { pushReferred, type ReferrerTypes, type TaggedContent } from '../contents.ts';
import { copied, type MatrixTool, type Reader, type Writer } from '../matrix-tool.ts';

/** Of all artifact types, the ones that buildx copies. */
const copiedTypes: ReferrerTypes = {
  stated: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  derived: 'application/vnd.dev.cosign.artifact.sig.v1+json',
};

export const buildx: MatrixTool = {
  name: 'buildx imagetools',
  commands: ['docker-buildx'],
  needsRoot: false,
  full: true,
  async open(bench) {
    const { contents, reference } = bench;
    const signed = await pushReferred(new RegistryClient(bench.host), 'matrix/bundles', 'v1', copiedTypes);
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
    /** From a directory of ours to another repository of the server, referrers too. */
    const copiesBack = (content: TaggedContent): Reader => ({
      how: 'create',
      async read() {
        const target = { ...content, repository: 'matrix/bundles-again' };
        const name = `oci-layout://${bench.layoutOf(content)}:${content.tag}`;
        await run('create', '--prefer-index=false', '--tag', reference(target), name);
        const found = await new RegistryClient(bench.host).referrers(target.repository, content.digest);
        expectEqual(found.toSorted().join(), content.referrers.toSorted().join(), 'the referrers that buildx copied');
        return `${content.digest}, ${found.length} referrers`;
      },
    });
    const bareTags = 'buildx writes bare tags: what it writes to one layout is of one repository';
    return {
      version: await bench.version('docker-buildx', () => bench.run('docker-buildx', ['version'])),
      writes: {
        image: [copies(contents.image)],
        index: [copies(contents.index)],
        referrers: [copies(signed)],
        names: { cannot: bareTags },
      },
      reads: {
        image: [reads(contents.image)],
        index: [reads(contents.index)],
        referrers: [copiesBack(signed)],
        names: { cannot: bareTags },
      },
      close: async () => {},
    };
  },
};
