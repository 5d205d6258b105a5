// podman and buildah: the same commands for images, manifest lists and transports.

import { symlink } from 'node:fs/promises';
import { expectEqual, expectIncludes } from '../../expect.ts';
import { ownStorage } from '../../tools/container-storage.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import {
  type Bench,
  cannotRefer,
  converted,
  named,
  type OpenMatrixTool,
  type Reader,
  type Writer,
} from '../matrix-tool.ts';

export interface ContainerToolRules {
  readonly name: 'podman' | 'buildah';
  readonly flags: readonly string[];
  /** Command and flags that write one image, and what they are called. */
  readonly saves: readonly {
    readonly how: string;
    readonly extension: string;
    args(image: string, path: string): string[];
  }[];
  /** Writes several images into one archive at once. */
  readonly saveNames: { readonly how: string; args(images: readonly string[], path: string): string[] } | undefined;
  /** Loads an archive. */
  readonly load: ((path: string) => string[]) | undefined;
}

interface Inspected {
  readonly Digest?: string;
  readonly FromImageDigest?: string;
}

export async function openContainerTool(bench: Bench, rules: ContainerToolRules): Promise<OpenMatrixTool> {
  const storage = await ownStorage(bench.directory, 'vfs');
  // An image pulled from a layout is named by its path, which has to be in lower case: a relative one.
  await symlink(bench.root, `${bench.directory}/ours`);
  const run = (...args: string[]) => bench.run(rules.name, [...storage, ...rules.flags, ...args]);
  const { contents, reference } = bench;
  const pull = async (content: TaggedContent) => {
    await run('pull', '--tls-verify=false', reference(content));
    return reference(content);
  };
  const writeImages = rules.saves.map(
    (save): Writer => ({
      how: save.how,
      async write(target) {
        const path = `${target}${save.extension}`;
        await run(...save.args(await pull(contents.image), path));
        return { path, expected: [converted(contents.image)] };
      },
    }),
  );
  const writeIndex: Writer = {
    how: 'manifest push oci:',
    async write(target) {
      const list = 'localhost/matrix-list';
      await run('manifest', 'create', list);
      await run('manifest', 'add', '--all', '--tls-verify=false', list, `docker://${reference(contents.index)}`);
      await run('manifest', 'push', '--all', '--tls-verify=false', '--format', 'oci', list, `oci:${target}:v1`);
      return { path: target, expected: [{ path: '', tag: 'v1', children: contents.index.children }] };
    },
  };
  const tagNames = async () => {
    for (const content of contents.names) await run('tag', await pull(content), fullName(content));
  };
  const pushNames: Writer = {
    how: 'push oci:',
    async write(target) {
      await tagNames();
      for (const name of contents.names.map(fullName)) await run('push', name, `oci:${target}:${name}`);
      return { path: target, expected: named(contents.names, converted) };
    },
  };
  const writeNames = (save: Exclude<ContainerToolRules['saveNames'], undefined>): Writer => ({
    how: save.how,
    async write(target) {
      await tagNames();
      await run(...save.args(contents.names.map(fullName), `${target}.tar`));
      return { path: `${target}.tar`, expected: named(contents.names, converted) };
    },
  });
  const pullNames: Reader = {
    how: 'pull oci:',
    async read() {
      const written = await pushNames.write(bench.fresh('names'));
      const pushed = await bench.pushThrough(written, 'acme/app');
      await symlink(written.path, `${bench.directory}/names`);
      const image = (await run('pull', '--quiet', `oci:names:${fullName(pushed)}`)).trim();
      return await expectPulled(image, pushed);
    },
  };
  const forget = () => run('rmi', '--all', '--force');
  const expectPulled = async (name: string, content: TaggedContent) => {
    const inspected = JSON.parse(await run('inspect', '--type', 'image', name)) as Inspected | Inspected[];
    const { Digest, FromImageDigest } = Array.isArray(inspected) ? (inspected[0] ?? {}) : inspected;
    expectIncludes([content.digest, ...content.children], Digest ?? FromImageDigest ?? '', 'the digest pulled');
    return Digest ?? FromImageDigest ?? '';
  };
  const reads = (content: TaggedContent): Reader => ({
    how: 'pull oci:',
    async read() {
      await forget();
      const image = (await run('pull', '--quiet', `oci:ours/${content.repository}:${content.tag}`)).trim();
      return await expectPulled(image, content);
    },
  });
  const { load, saveNames } = rules;
  const loads = (from: readonly TaggedContent[], command: (path: string) => string[]): Reader => ({
    how: 'load of export --profile docker',
    async read() {
      await forget();
      await run(...command(await bench.exportTo(`${bench.fresh('export')}.tar`, 'docker', from)));
      const ids = await Promise.all(from.map((content) => run('inspect', '--format', '{{.Id}}', reference(content))));
      expectEqual(
        ids.map((id) => `sha256:${id.trim()}`).join(),
        from.map(({ config }) => config).join(),
        'the images loaded',
      );
      return `${from.length} images`;
    },
  });
  const version = (await run('--version')).replace(/^\w+ version /, '').trim();
  return {
    version,
    writes: {
      image: writeImages,
      index: [writeIndex],
      referrers: cannotRefer(rules.name),
      names: [pushNames, ...(saveNames === undefined ? [] : [writeNames(saveNames)])],
    },
    reads: {
      image: [reads(contents.image), ...(load === undefined ? [] : [loads([contents.image], load)])],
      index: [reads(contents.index)],
      referrers: cannotRefer(rules.name),
      names: [pullNames, ...(load === undefined ? [] : [loads(contents.names, load)])],
    },
    close: async () => {},
  };
}
