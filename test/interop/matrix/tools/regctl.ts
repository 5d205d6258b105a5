// regctl: bare tags and a fallback tag for referrers in `ocidir://`, one image with its full name in an exported tar.

import { expectEqual } from '../../expect.ts';
import { referrerDigestsFormat } from '../../tools/regctl.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import { copied, type MatrixTool, type Reader, type Writer } from '../matrix-tool.ts';

export const regctl: MatrixTool = {
  name: 'regctl',
  commands: ['regctl'],
  needsRoot: false,
  full: false,
  async open(bench) {
    const { contents, reference } = bench;
    const run = (...args: string[]) => bench.run('regctl', args);
    await run('registry', 'set', '--tls', 'disabled', '--skip-check', bench.host);
    const copies = (content: TaggedContent, ...scope: string[]): Writer => ({
      how: 'ocidir',
      async write(target) {
        await run('image', 'copy', ...scope, reference(content), `ocidir://${target}:v1`);
        return { path: target, expected: [copied(content)] };
      },
    });
    const exports = (content: TaggedContent): Writer => ({
      how: 'image export',
      async write(target) {
        await run('image', 'export', '--name', fullName(content), reference(content), `${target}.tar`);
        return { path: `${target}.tar`, expected: [copied(content)] };
      },
    });
    const reads = (content: TaggedContent): Reader => ({
      how: 'ocidir',
      async read() {
        const name = `ocidir://${bench.layoutOf(content)}:${content.tag}`;
        const digest = await run('manifest', 'head', '--format', '{{.GetDescriptor.Digest}}', name);
        expectEqual(digest.trim(), content.digest, 'the digest in the directory');
        const listed = await run('artifact', 'list', '--format', referrerDigestsFormat, name);
        const found = listed.split('\n').filter((line) => line !== '');
        expectEqual(found.toSorted().join(), content.referrers.toSorted().join(), 'the referrers in the directory');
        await run('image', 'copy', '--referrers', name, `ocidir://${bench.fresh('copy')}:copied`);
        return `${digest.trim()}, ${found.length} referrers`;
      },
    });
    return {
      version: await bench.version('regctl', () => run('version', '--format', '{{.VCSTag}}')),
      writes: {
        image: [copies(contents.image), exports(contents.image)],
        index: [copies(contents.index), exports(contents.index)],
        referrers: [copies(contents.referrers, '--referrers')],
        names: { cannot: 'regctl writes bare tags: one repository a directory, one image a tar' },
      },
      reads: {
        image: [reads(contents.image)],
        index: [reads(contents.index)],
        referrers: [reads(contents.referrers)],
        names: {
          refuses: 'regctl looks for what follows the last colon only: repositories with equal tags are one to it',
        },
      },
      close: async () => {},
    };
  },
};
