// skopeo: directories and archives of both kinds, any legal name for an image in a layout.

import { expectEqual } from '../../expect.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import {
  cannotRefer,
  converted,
  copied,
  type Expected,
  type MatrixTool,
  named,
  type Reader,
  type Writer,
} from '../matrix-tool.ts';

export const skopeo: MatrixTool = {
  name: 'skopeo',
  commands: ['skopeo'],
  needsRoot: false,
  full: false,
  async open(bench) {
    const { contents, reference } = bench;
    const run = (...args: string[]) => bench.run('skopeo', ['--insecure-policy', ...args]);
    const copy = (from: string, to: string) => run('copy', '--all', '--src-tls-verify=false', from, to);
    const copies = (
      transport: string,
      extension: string,
      content: TaggedContent,
      name: string,
      expected: Expected,
    ): Writer => ({
      how: transport,
      async write(target) {
        const path = `${target}${extension}`;
        await copy(`docker://${reference(content)}`, `${transport}:${path}:${name}`);
        return { path, expected: [expected] };
      },
    });
    const writeNames: Writer = {
      how: 'oci',
      async write(target) {
        for (const content of contents.names)
          await copy(`docker://${reference(content)}`, `oci:${target}:${fullName(content)}`);
        return { path: target, expected: named(contents.names) };
      },
    };
    const expectDigest = async (name: string, content: TaggedContent) => {
      const target = bench.fresh('copy');
      await copy(name, `oci:${target}:copied`);
      const raw = await run('inspect', '--raw', `oci:${target}:copied`);
      expectEqual(
        raw,
        await run('inspect', '--raw', '--tls-verify=false', `docker://${reference(content)}`),
        'the manifest',
      );
      return content.digest;
    };
    const reads = (content: TaggedContent): Reader => ({
      how: 'oci',
      read: async () => await expectDigest(`oci:${bench.layoutOf(content)}:${content.tag}`, content),
    });
    const readNames: Reader = {
      how: 'oci',
      async read() {
        const written = await writeNames.write(bench.fresh('names'));
        const pushed = await bench.pushThrough(written, 'acme/app');
        const inspected = await run('inspect', `oci:${written.path}:${fullName(pushed)}`);
        expectEqual((JSON.parse(inspected) as { Digest: string }).Digest, pushed.digest, 'the digest in the directory');
        return fullName(pushed);
      },
    };
    const { image, index } = contents;
    return {
      version: (await run('--version')).replace(/^skopeo version /, '').trim(),
      writes: {
        image: [
          copies('oci', '', image, 'v1', copied(image)),
          copies('oci-archive', '.tar', image, 'v1', copied(image)),
          copies('docker-archive', '.tar', image, fullName(image), converted(image)),
        ],
        index: [
          copies('oci', '', index, 'v1', copied(index)),
          copies('oci-archive', '.tar', index, 'v1', copied(index)),
        ],
        referrers: cannotRefer('skopeo'),
        names: [writeNames],
      },
      reads: {
        image: [reads(image)],
        index: [reads(index)],
        referrers: cannotRefer('skopeo'),
        names: [readNames],
      },
      close: async () => {},
    };
  },
};
