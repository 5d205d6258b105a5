// crane: layouts without names or with the reference as typed, tarballs as old engines saved them.

import { expectEqual } from '../../expect.ts';
import type { TaggedContent } from '../contents.ts';
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

export const crane: MatrixTool = {
  name: 'crane',
  commands: ['crane'],
  needsRoot: false,
  full: false,
  async open(bench) {
    const { contents, reference } = bench;
    const run = (...args: string[]) => bench.run('crane', ['--insecure', ...args]);
    const pulls = (
      how: string,
      format: readonly string[],
      from: readonly TaggedContent[],
      expected: readonly Expected[],
    ): Writer => ({
      how,
      async write(target) {
        // Appends to a layout; writes all of them into a tarball at once.
        const path = how === 'tarball' ? `${target}.tar` : target;
        const references = from.map(reference);
        const calls = how === 'tarball' ? [references] : references.map((each) => [each]);
        for (const call of calls) await run('pull', ...format, ...call, path);
        return { path, expected };
      },
    });
    const unnamed = (content: TaggedContent) =>
      pulls('oci', ['--format=oci'], [content], [copied(content, '', 'latest')]);
    const annotated = (from: readonly TaggedContent[], expected: readonly Expected[]) =>
      pulls('oci --annotate-ref', ['--format=oci', '--annotate-ref'], from, expected);
    const tarball = (from: readonly TaggedContent[], expected: readonly Expected[]) =>
      pulls('tarball', [], from, expected);
    /** `crane push` takes a layout with one entry. */
    const reads = (content: TaggedContent): Reader => ({
      how: 'export --profile crane',
      async read() {
        const path = await bench.exportTo(bench.fresh('export'), 'crane', [content]);
        const target = `${bench.host}/matrix/from-crane:${content.tag}`;
        await run('push', path, target);
        expectEqual((await run('digest', target)).trim(), content.digest, 'the digest that crane pushed');
        return content.digest;
      },
    });
    return {
      version: await bench.version('crane', () => run('version')),
      writes: {
        image: [
          unnamed(contents.image),
          annotated([contents.image], [copied(contents.image)]),
          tarball([contents.image], [converted(contents.image)]),
        ],
        index: [unnamed(contents.index), annotated([contents.index], [copied(contents.index)])],
        referrers: cannotRefer('crane'),
        names: [
          annotated(contents.names, named(contents.names)),
          tarball(contents.names, named(contents.names, converted)),
        ],
      },
      reads: {
        image: [reads(contents.image)],
        index: [reads(contents.index)],
        referrers: cannotRefer('crane'),
        names: { refuses: 'crane push takes layouts with one entry, whatever its name' },
      },
      close: async () => {},
    };
  },
};
