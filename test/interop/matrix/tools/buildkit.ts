// BuildKit: exports builds to layouts, as directory and as tar; builds from a layout by digest.

import { mkdir, writeFile } from 'node:fs/promises';
import { expectEqual } from '../../expect.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import { Daemon } from '../daemon.ts';
import type { Expected, MatrixTool, Reader, Writer } from '../matrix-tool.ts';

const platforms = 'linux/amd64,linux/arm64';
const noReferrers = 'BuildKit takes no referrers along when it builds from a layout';

interface Metadata {
  readonly 'containerimage.digest': string;
}

export const buildkit: MatrixTool = {
  name: 'BuildKit',
  commands: ['buildkitd', 'buildctl'],
  needsRoot: true,
  full: true,
  async open(bench) {
    const { contents, directory, env } = bench;
    const address = `unix://${directory}/b.sock`;
    const run = (...args: string[]) => bench.run('buildctl', ['--addr', address, ...args]);
    const daemon = await Daemon.start(
      bench.executable('buildkitd') ?? 'buildkitd',
      ['--root', `${directory}/root`, '--addr', address, '--containerd-worker=false', '--oci-worker-net=host'],
      { env, log: `${directory}/buildkitd.log` },
      () => run('debug', 'workers'),
    );
    const build = async (from: string, name: string, flags: readonly string[]) => {
      const context = `${directory}/context-${name.replaceAll(/\W/g, '-')}`;
      await mkdir(context, { recursive: true });
      await writeFile(`${context}/message`, `${name}\n`);
      await writeFile(`${context}/Dockerfile`, `FROM ${from}\nCOPY message /added\nCMD ["/added"]\n`);
      const metadata = bench.fresh('metadata');
      const inputs = ['--local', `context=${context}`, '--local', `dockerfile=${context}`, '--metadata-file', metadata];
      await run('build', '--progress', 'plain', '--frontend', 'dockerfile.v0', ...inputs, ...flags);
      return metadata;
    };
    const digestIn = async (metadata: string) =>
      (JSON.parse(await bench.run('cat', [metadata])) as Metadata)['containerimage.digest'];
    const multi = ['--opt', `platform=${platforms}`];
    const attests = ['--opt', 'attest:provenance=mode=min'];
    const exportsOne = (how: string, flags: readonly string[]): Writer => ({
      how,
      async write(target) {
        const tar = how === 'tar';
        const path = tar ? `${target}.tar` : target;
        const output = `type=oci,name=${fullName(contents.image)},dest=${path}${tar ? '' : ',tar=false'}`;
        const digest = await digestIn(await build('scratch', `one ${how}`, [...flags, '--output', output]));
        return { path, expected: [{ path: '', tag: contents.image.tag, digest }] };
      },
    });
    /** With `oci-artifact` they have a subject each, and are listed by the image's index only. */
    const writeAttested: Writer = {
      how: 'oci-artifact=true',
      async write(target) {
        const output = `type=oci,oci-artifact=true,name=${fullName(contents.image)},dest=${target},tar=false`;
        const digest = await digestIn(await build('scratch', 'attested', [...multi, ...attests, '--output', output]));
        return { path: target, expected: [{ path: '', tag: contents.image.tag, digest, referrersEach: 1 }] };
      },
    };
    const writeNames: Writer = {
      how: 'tar=false',
      async write(target) {
        const expected: Expected[] = [];
        for (const content of contents.names) {
          const output = `type=oci,name=${fullName(content)},dest=${target},tar=false`;
          const digest = await digestIn(await build('scratch', content.repository, ['--output', output]));
          expected.push({ path: content.repository, tag: content.tag, digest });
        }
        return { path: target, expected };
      },
    };
    const reads = (content: TaggedContent): Reader => ({
      how: 'oci-layout:// by digest',
      async read() {
        const layout = `matrix=${bench.layoutOf(content)}`;
        const target = `${bench.fresh('built')}.tar`;
        const from = `context:base=oci-layout://matrix@${content.digest}`;
        const metadata = await build('base', `on ${content.repository}`, [
          '--oci-layout',
          layout,
          '--opt',
          from,
          '--output',
          `type=oci,dest=${target}`,
        ]);
        expectEqual((await digestIn(metadata)).startsWith('sha256:'), true, 'an image built on it');
        return content.digest;
      },
    });
    return {
      version: await bench.version('buildkitd', () => run('--version')),
      writes: {
        image: [exportsOne('tar=false', []), exportsOne('tar', [])],
        index: [exportsOne('tar=false', multi), exportsOne('tar', [...multi, ...attests])],
        referrers: [writeAttested],
        names: [writeNames],
      },
      reads: {
        image: [reads(contents.image)],
        index: [reads(contents.index)],
        referrers: { cannot: noReferrers },
        names: { refuses: 'BuildKit builds from a layout by digest only: names are not looked at' },
      },
      close: () => daemon.stop(),
    };
  },
};
