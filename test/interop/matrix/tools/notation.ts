// notation: signs what is in a layout, and lists signatures in it; writes as oras does.

import { cp } from 'node:fs/promises';
import { expectEqual } from '../../expect.ts';
import { RegistryClient } from '../../registry-client.ts';
import { pushImage, type TaggedContent } from '../contents.ts';
import type { MatrixTool, Reader, Writer } from '../matrix-tool.ts';

const experimental = { NOTATION_EXPERIMENTAL: '1' };

export const notation: MatrixTool = {
  name: 'notation',
  commands: ['notation'],
  needsRoot: false,
  full: false,
  async open(bench) {
    const run = (...args: string[]) => bench.run('notation', args, experimental);
    const { contents } = bench;
    await run('cert', 'generate-test', '--default', 'matrix');
    const signTwice = async (...args: string[]) => {
      for (let times = 0; times < 2; times += 1) await run('sign', '--key', 'matrix', ...args);
    };
    const writeSigned: Writer = {
      how: 'sign --oci-layout',
      async write(target) {
        await cp(bench.layoutOf(contents.image), target, { recursive: true });
        await signTwice('--oci-layout', `${target}@${contents.image.digest}`);
        const { tag, digest } = contents.image;
        return { path: target, expected: [{ path: '', tag, digest, referrerCount: 2 }] };
      },
    };
    const readSigned: Reader = {
      how: 'list --oci-layout',
      async read() {
        const signed: TaggedContent = await pushImage(new RegistryClient(bench.host), 'matrix/notation', 'v1');
        await signTwice('--insecure-registry', `${bench.host}/${signed.repository}@${signed.digest}`);
        const listed = await run('list', '--oci-layout', `${bench.layoutOf(signed)}@${signed.digest}`);
        const found = listed.match(/sha256:[0-9a-f]{64}$/gm)?.filter((digest) => digest !== signed.digest) ?? [];
        expectEqual(found.length, 2, 'the signatures in the directory');
        return found.join(' ');
      },
    };
    const cannot = 'notation signs what is there: it writes and reads signatures only';
    return {
      version: await bench.version('notation', () => run('version')),
      writes: { image: { cannot }, index: { cannot }, referrers: [writeSigned], names: { cannot } },
      reads: { image: { cannot }, index: { cannot }, referrers: [readSigned], names: { cannot } },
      close: async () => {},
    };
  },
};
