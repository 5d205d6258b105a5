// ctr, with a containerd of its own: exports with full names beside tags, imports archives.

import { writeFile } from 'node:fs/promises';
import { expectEqual, expectIncludes } from '../../expect.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import { Daemon } from '../daemon.ts';
import { copied, type MatrixTool, named, type Reader, type Writer } from '../matrix-tool.ts';

interface Release {
  readonly name: string;
  readonly ctr: string;
  readonly containerd: string;
  readonly full: boolean;
  /** The transfer service of containerd 2 answers before the archive is whole. */
  readonly exportFlags: readonly string[];
}

const configuration = "version = 2\ndisabled_plugins = ['io.containerd.grpc.v1.cri']\n";

/** The distribution's release. */
export const ctr = release({ name: 'ctr', ctr: 'ctr', containerd: 'containerd', full: false, exportFlags: [] });
/** The current one. */
export const ctr2 = release({
  name: 'ctr 2',
  ctr: 'ctr-2',
  containerd: 'containerd-2',
  full: true,
  exportFlags: ['--local'],
});

function release(parts: Release): MatrixTool {
  return {
    name: parts.name,
    commands: [parts.ctr, parts.containerd],
    needsRoot: true,
    full: parts.full,
    async open(bench) {
      const { contents, reference } = bench;
      const address = `${bench.directory}/c.sock`;
      const run = (...args: string[]) => bench.run(parts.ctr, ['--address', address, ...args]);
      const daemon = await startContainerd(bench, parts.containerd, address, () => run('version'));
      const pull = async (content: TaggedContent) => {
        await run('images', 'pull', '--plain-http', '--all-platforms', reference(content));
        return reference(content);
      };
      const exports = (
        from: readonly TaggedContent[],
        names: (content: TaggedContent) => string,
        expected: Writer['write'],
      ): Writer => ({
        how: 'export',
        async write(target) {
          for (const content of from) {
            const pulled = await pull(content);
            if (pulled !== names(content)) await run('images', 'tag', '--force', pulled, names(content));
          }
          await run('images', 'export', ...parts.exportFlags, '--all-platforms', `${target}.tar`, ...from.map(names));
          return await expected(`${target}.tar`);
        },
      });
      const one = (content: TaggedContent) =>
        exports([content], reference, async (path) => ({ path, expected: [copied(content)] }));
      /** Referrers stay for as long as an image leads to them: the archive's index, which gets a name. */
      const indexName = `${bench.host}/${contents.referrers.repository}:all`;
      const imports = (from: readonly TaggedContent[], index?: string): Reader => ({
        how: `import${index === undefined ? '' : ' --index-name'} of export --profile ctr`,
        async read() {
          const images = (await run('images', 'list', '--quiet')).split('\n').filter((line) => line !== '');
          if (images.length > 0) await run('images', 'remove', '--sync', ...images);
          await run(
            'images',
            'import',
            '--all-platforms',
            ...(index === undefined ? [] : ['--index-name', index]),
            await bench.exportTo(`${bench.fresh('export')}.tar`, 'ctr', from),
          );
          const listed = await run('images', 'list');
          for (const content of from) {
            const line = listed.split('\n').find((each) => each.startsWith(`${reference(content)} `));
            expectIncludes((line ?? '').split(/\s+/), content.digest, `what ctr lists as ${reference(content)}`);
          }
          // Referrers that nothing keeps would be collected now.
          await run('images', 'tag', '--force', reference(from[0] ?? contents.image), 'matrix.example.com/gone:v1');
          await run('images', 'remove', '--sync', 'matrix.example.com/gone:v1');
          const blobs = await run('content', 'list', '--quiet');
          const wanted = from.flatMap(({ children, referrers }) => [...children, ...referrers]);
          expectEqual(wanted.filter((digest) => !blobs.includes(digest)).join(), '', 'content that was not imported');
          return `${from.length} images`;
        },
      });
      const exportsAll = (content: TaggedContent): Writer => ({
        how: 'import --index-name, then export',
        async write(target) {
          await imports([content], indexName).read();
          await run(
            'images',
            'export',
            ...parts.exportFlags,
            '--all-platforms',
            `${target}.tar`,
            reference(content),
            indexName,
          );
          return { path: `${target}.tar`, expected: [copied(content)] };
        },
      });
      const { image, index, referrers, names } = contents;
      return {
        version: await bench.version(parts.containerd, async () => serverVersion(await run('version'))),
        writes: {
          image: [one(image)],
          index: [one(index)],
          referrers: [exportsAll(referrers)],
          names: [exports(names, fullName, async (path) => ({ path, expected: named(names) }))],
        },
        reads: {
          image: [imports([image])],
          index: [imports([index])],
          referrers: [imports([referrers], indexName)],
          names: [imports(names)],
        },
        close: () => daemon.stop(),
      };
    },
  };
}

/** Without what a distribution appends. */
function serverVersion(text: string): string {
  return (/Server:\s+Version:\s+(\S+)/.exec(text)?.[1] ?? '').split('~')[0] ?? '';
}

export async function startContainerd(
  bench: Parameters<MatrixTool['open']>[0],
  command: string,
  address: string,
  isReady: () => Promise<unknown>,
): Promise<Daemon> {
  const { directory, env } = bench;
  const config = `${directory}/containerd.toml`;
  await writeFile(config, configuration);
  const args = [
    '--config',
    config,
    '--root',
    `${directory}/root`,
    '--state',
    `${directory}/state`,
    '--address',
    address,
  ];
  return await Daemon.start(
    bench.executable(command) ?? command,
    args,
    { env, log: `${directory}/containerd.log` },
    isReady,
  );
}
