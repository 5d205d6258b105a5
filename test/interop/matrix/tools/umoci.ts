// umoci: makes images of its own in a layout, tags them with any string, unpacks.

import { mkdir, writeFile } from 'node:fs/promises';
import { expectEqual, expectIncludes } from '../../expect.ts';
import { layoutEntries } from '../../material/layout-directory.ts';
import { fullName, nameHost, type TaggedContent } from '../contents.ts';
import { cannotRefer, type MatrixTool, type Reader, type Writer } from '../matrix-tool.ts';

interface Stat {
  readonly history: readonly { readonly layer?: { readonly digest: string } }[];
}

export const umoci: MatrixTool = {
  name: 'umoci',
  commands: ['umoci'],
  needsRoot: true,
  full: false,
  async open(bench) {
    const { contents } = bench;
    const run = (...args: string[]) => bench.run('umoci', args);
    const files = `${bench.directory}/files`;
    await mkdir(files, { recursive: true });
    await writeFile(`${files}/message`, 'an image of umoci\n');
    /** An image of one layer, tagged with each name. */
    const make = async (target: string, names: readonly string[]) => {
      await run('init', '--layout', target);
      await run('new', '--image', `${target}:v1`);
      await run('insert', '--image', `${target}:v1`, `${files}/message`, '/message');
      for (const name of names) await run('tag', '--image', `${target}:v1`, name);
      const [made] = (await layoutEntries(target)).filter((entry) =>
        Object.values(entry.annotations ?? {}).includes('v1'),
      );
      return made?.digest ?? '';
    };
    const writeImage: Writer = {
      how: '',
      async write(target) {
        const digest = await make(target, []);
        return { path: target, expected: [{ path: '', tag: 'v1', digest }] };
      },
    };
    const writeNames: Writer = {
      how: 'tag',
      async write(target) {
        const digest = await make(target, contents.names.map(fullName));
        return {
          path: target,
          expected: contents.names.map(({ repository, tag }) => ({ path: repository, tag, digest })),
        };
      },
    };
    const reads = (content: TaggedContent): Reader => ({
      how: '',
      async read() {
        const image = `${bench.layoutOf(content)}:${content.tag}`;
        const { history } = JSON.parse(await run('stat', '--image', image, '--json')) as Stat;
        expectEqual(history.length, 1, 'the layers that umoci sees');
        await run('unpack', '--image', image, bench.fresh('bundle'));
        return `${history[0]?.layer?.digest}`;
      },
    });
    const readNames: Reader = {
      how: 'tag',
      async read() {
        const written = await writeNames.write(bench.fresh('names'));
        const pushed = await bench.pushThrough(written, 'acme/app');
        const listed = (await run('ls', '--layout', written.path)).split('\n');
        expectIncludes(listed, `${nameHost}/acme/app:${pushed.tag}`, 'the names that umoci lists');
        return fullName(pushed);
      },
    };
    const ambiguous = 'umoci calls the tag of an index ambiguous, whoever wrote it';
    return {
      version: await bench.version('umoci', async () => /umoci version (\S+)/.exec(await run('--version'))?.[1] ?? ''),
      writes: {
        image: [writeImage],
        index: { cannot: 'umoci makes no indexes' },
        referrers: cannotRefer('umoci'),
        names: [writeNames],
      },
      reads: {
        image: [reads(contents.image)],
        index: { refuses: ambiguous },
        referrers: cannotRefer('umoci'),
        names: [readNames],
      },
      close: async () => {},
    };
  },
};
