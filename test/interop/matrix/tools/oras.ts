// oras: everything pushed is an entry, referrers too; full names with --oci-layout-path.

import { expectEqual } from '../../expect.ts';
import { discoveredDigests } from '../../tools/oras.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import { copied, type MatrixTool, named, type Reader, type Writer } from '../matrix-tool.ts';

export const oras: MatrixTool = {
  name: 'oras',
  commands: ['oras'],
  needsRoot: false,
  full: false,
  async open(bench) {
    const { contents, reference } = bench;
    const run = (...args: string[]) => bench.run('oras', args);
    const copies = (content: TaggedContent, ...scope: string[]): Writer => ({
      how: '',
      async write(target) {
        await run('cp', ...scope, '--from-plain-http', reference(content), '--to-oci-layout', `${target}:v1`);
        return { path: target, expected: [copied(content)] };
      },
    });
    const writeNames: Writer = {
      how: '--oci-layout-path',
      async write(target) {
        for (const content of contents.names) {
          await run('cp', '--from-plain-http', reference(content), '--to-oci-layout-path', target, fullName(content));
        }
        return { path: target, expected: named(contents.names) };
      },
    };
    const reads = (content: TaggedContent): Reader => ({
      how: '--oci-layout',
      async read() {
        const name = `${bench.layoutOf(content)}:${content.tag}`;
        await expectDigest(await run('manifest', 'fetch', '--oci-layout', '--descriptor', name), content);
        const listed = await run('discover', '--oci-layout', '--format', 'json', '--depth', '1', name);
        const found = discoveredDigests(listed);
        expectEqual(found.toSorted().join(), content.referrers.toSorted().join(), 'the referrers in the directory');
        await run('cp', '-r', '--from-oci-layout', name, '--to-oci-layout', `${bench.fresh('copy')}:copied`);
        return `${content.digest}, ${found.length} referrers`;
      },
    });
    const readNames: Reader = {
      how: '--oci-layout-path',
      async read() {
        const written = await writeNames.write(bench.fresh('names'));
        const pushed = await bench.pushThrough(written, 'acme/app');
        const args = ['--descriptor', '--oci-layout-path', written.path, fullName(pushed)];
        await expectDigest(await run('manifest', 'fetch', ...args), pushed);
        return fullName(pushed);
      },
    };
    return {
      version: await bench.version('oras', () => run('version')),
      writes: {
        image: [copies(contents.image)],
        index: [copies(contents.index)],
        referrers: [copies(contents.referrers, '-r')],
        names: [writeNames],
      },
      reads: {
        image: [reads(contents.image)],
        index: [reads(contents.index)],
        referrers: [reads(contents.referrers)],
        names: [readNames],
      },
      close: async () => {},
    };
  },
};

async function expectDigest(descriptor: string, content: TaggedContent): Promise<void> {
  const { digest } = JSON.parse(descriptor) as { digest: string };
  expectEqual(digest, content.digest, 'the digest in the directory');
}
