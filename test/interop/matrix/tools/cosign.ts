// cosign: saves an image with its signatures; what refers to the image is a raw blob in what it saves.

import { mkdir } from 'node:fs/promises';
import { RegistryClient } from '../../registry-client.ts';
import type { TaggedContent } from '../contents.ts';
import { pushImage } from '../contents.ts';
import { copied, type MatrixTool, type Writer } from '../matrix-tool.ts';

const insecure = ['--allow-http-registry', '--allow-insecure-registry'];
const secret = { COSIGN_PASSWORD: '' };

export const cosign: MatrixTool = {
  name: 'cosign',
  commands: ['cosign'],
  needsRoot: false,
  full: true,
  async open(bench) {
    const { contents, reference } = bench;
    const run = (...args: string[]) => bench.run('cosign', args, secret);
    await mkdir(bench.directory, { recursive: true });
    await run('generate-key-pair', '--output-key-prefix', `${bench.directory}/key`);
    const saves = (content: TaggedContent): Writer => ({
      how: 'save',
      async write(target) {
        await run('save', ...insecure, '--dir', target, reference(content));
        return { path: target, expected: [copied(content, '', 'latest')] };
      },
    });
    const signTwiceAndSave = (how: string, repository: string): Writer => ({
      how,
      async write(target) {
        const signed = await pushImage(new RegistryClient(bench.host), repository, 'v1');
        const name = `${bench.host}/${signed.repository}@${signed.digest}`;
        const offline = ['--tlog-upload=false', '--use-signing-config=false', '--yes'];
        for (let times = 0; times < 2; times += 1) {
          await run('sign', ...insecure, ...offline, '--key', `${bench.directory}/key.key`, name);
        }
        await run('save', ...insecure, '--dir', target, reference(signed));
        const { path, tag, digest } = copied(signed, '', 'latest');
        return {
          path: target,
          expected: [{ path, tag, ...(digest === undefined ? {} : { digest }), referrerCount: 2 }],
          serveArgs: ['--scan'],
        };
      },
    });
    const writeSigned = signTwiceAndSave('sign, then save; found by --scan', 'matrix/signed');
    /** cosign puts a signature's manifest before its layer: a registry that insists on blobs refuses that. */
    const writeLoaded: Writer = {
      how: 'load into the server',
      async write(target) {
        const { path, expected } = await signTwiceAndSave('', 'matrix/signed-again').write(target);
        const loaded = { repository: 'matrix/loaded', tag: 'v1' };
        await run('load', ...insecure, '--dir', path, `${bench.host}/${loaded.repository}:${loaded.tag}`);
        return {
          path: `${bench.root}/${loaded.repository}`,
          expected: expected.map((each) => ({ ...each, tag: loaded.tag })),
        };
      },
    };
    const own = 'cosign load reads directories that cosign wrote, by annotations of its own';
    return {
      version: await bench.version('cosign', () => run('version')),
      writes: {
        image: [saves(contents.image)],
        index: [saves(contents.index)],
        referrers: [writeSigned, writeLoaded],
        names: { cannot: 'cosign saves one image to a directory, without its name' },
      },
      reads: {
        image: { refuses: own },
        index: { refuses: own },
        referrers: { refuses: own },
        names: { refuses: own },
      },
      close: async () => {},
    };
  },
};
