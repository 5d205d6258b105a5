// Tars from a stranger, as they are served: members that lead out of them are not there, and the rest is.
import { execFileSync } from 'node:child_process';
import { linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobPath, blobsOf, codesIn, entryOf, serve, writeStranger } from './stranger.ts';

const image = imageManifest();

interface TarMember {
  readonly name: string;
  readonly type?: 'file' | 'symlink' | 'link' | 'fifo' | 'character-device';
  readonly linkname?: string;
  readonly bytes?: Buffer;
}

async function tarOf(path: string, members: readonly TarMember[]): Promise<string> {
  const tar = pack();
  for (const { name, type = 'file', linkname, bytes = Buffer.alloc(0) } of members) {
    tar.entry({ name, type, ...(linkname === undefined ? {} : { linkname }) }, bytes);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

function membersOf(content: typeof image): readonly TarMember[] {
  const index = JSON.stringify({ schemaVersion: 2, manifests: [entryOf(content, 'v1')] });
  return [
    { name: 'oci-layout', bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: 'index.json', bytes: Buffer.from(index) },
    ...blobsOf(content).map(({ digest, bytes }) => ({ name: `blobs/${digest.replace(':', '/')}`, bytes })),
  ];
}

describe('a tar', () => {
  it('with links, absolute paths, `..` and devices is served without them, and says so', async () => {
    const directory = await temporaryDirectory();
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'secret');
    const other = (text: string) =>
      imageManifest({ annotations: { text } }).digest.replace(':', '/blobs/').slice('sha256/blobs/'.length);
    const [outside, hard, device] = ['outside', 'hard', 'device'].map(other);
    const path = await tarOf(join(directory, 'app.tar'), [
      ...membersOf(image),
      { name: '/etc/evil', bytes: Buffer.from('absolute') },
      { name: '../evil', bytes: Buffer.from('above') },
      { name: `blobs/sha256/${outside}`, type: 'symlink', linkname: secret },
      { name: `blobs/sha256/${hard}`, type: 'link', linkname: '../secret' },
      { name: `blobs/sha256/${device}`, type: 'character-device' },
    ]);
    const { get } = await serve(path);
    expect((await get('/v2/app/manifests/v1')).status).toBe(200);
    for (const encoded of [outside, hard, device]) {
      expect((await get(`/v2/app/blobs/sha256:${encoded}`)).status).toBe(404);
    }
    expect(await codesIn(path)).toContain('members-refused');
  });

  it('whose index.json is a link is refused with a reason', async () => {
    const directory = await temporaryDirectory();
    const members = membersOf(image).filter(({ name }) => name !== 'index.json');
    const path = await tarOf(join(directory, 'app.tar'), [
      ...members,
      { name: 'index.json', type: 'symlink', linkname: '/etc/passwd' },
    ]);
    await expect(serve(path)).rejects.toThrow(/no image layout/);
  });

  it('cut off in the middle is served as far as it goes, or refused with a reason', async () => {
    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'layout'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const whole = join(directory, 'app.tar');
    execFileSync('tar', ['-cf', whole, '-C', join(directory, 'layout'), 'oci-layout', 'index.json', 'blobs']);
    for (const size of [1_024, 2_048, 3_000]) {
      const cut = join(directory, `cut-${size}.tar`);
      execFileSync('sh', ['-c', `head -c ${size} "${whole}" > "${cut}"`]);
      const answer = await serve(cut).then(
        async ({ get }) => (await get(`/v2/cut-${size}/manifests/v1`)).status,
        (error: Error) => error.message,
      );
      expect(answer === 404 || /damaged|no image layout|no tar/.test(String(answer)), `${size}: ${answer}`).toBe(true);
    }
  });

  it('made of a directory with links in it has the hard ones', async () => {
    const directory = await temporaryDirectory();
    const layout = writeStranger(join(directory, 'layout'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('an image without layers');
    linkSync(blobPath(layout, layer.digest), join(layout, 'another-name'));
    symlinkSync('/etc/passwd', join(layout, 'passwd'));
    const path = join(directory, 'app.tar');
    execFileSync('tar', ['-cf', path, '-C', layout, '.']);
    const { get } = await serve(path);
    expect((await get(`/v2/app/blobs/${layer.digest}`)).text).toBe(layer.bytes.toString());
  });
});
