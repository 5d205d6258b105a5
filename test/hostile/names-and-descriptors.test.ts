// Names made to lead somewhere else, and descriptors that lie: hidden with a finding, refused, or served as what they are.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectText } from '../../src/cli/inspect-text.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { contentOf, imageIndex, imageManifest, referrerOf } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import {
  blobPath,
  blobsOf,
  codesIn,
  entryOf,
  findingsOf,
  inspect,
  serve,
  writeIndex,
  writeStranger,
} from './stranger.ts';

const image = imageManifest();

describe('names', () => {
  const hostile = [
    '../../etc/passwd',
    '/etc/passwd',
    'a/../b:v1',
    '..',
    'nul\u0000byte',
    'escape\u001b[2J',
    'line\nbreak: error  forged',
    'right\u202eleft',
    'büro',
    '标签',
    'Team/App:v1',
    '',
    ' ',
    'a'.repeat(129),
    `x/${'a'.repeat(300)}:v1`,
    'blobs/sha256:v1',
    '%2e%2e%2f',
    '__proto__',
    'constructor',
  ];

  it('that cannot be asked for are findings, and lead nowhere', async () => {
    const directory = await temporaryDirectory();
    const images = hostile.map((name) => imageManifest({ annotations: { name } }));
    const entries = images.map((each, at) => entryOf(each, hostile[at]));
    const app = writeStranger(join(directory, 'app'), {
      entries: [...entries, entryOf(image, 'v1')],
      blobs: [...images.flatMap(blobsOf), ...blobsOf(image)],
    });
    const { get } = await serve(directory);
    const { tags } = (await get('/v2/app/tags/list')).json();
    expect(tags).toEqual(['__proto__', 'constructor', 'v1']);
    expect((await get('/v2/_catalog')).json()).toEqual({ repositories: ['app'] });
    for (const [at, name] of hostile.entries()) {
      const answer = await get(`/v2/app/manifests/${encodeURIComponent(name)}`);
      expect([200, 400, 404], name).toContain(answer.status);
      // Each is still to be had by its digest.
      expect((await get(`/v2/app/manifests/${images[at]?.digest}`)).status, name).toBe(200);
    }
    const parts = await inspect(app);
    const codes = new Set(findingsOf(parts).map(({ code }) => code));
    expect(codes).toContain('unusable-name');
    expect(codes).toContain('upper-case-name');
    const text = inspectText({ source: app, parts });
    for (const line of text.split('\n')) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      expect(line).not.toMatch(/^ {2}error {2}forged/);
    }
  });

  it('in the URL lead to nothing outside', async () => {
    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'root/app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    writeStranger(join(directory, 'secret'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const { get } = await serve(join(directory, 'root'));
    for (const name of [
      '../secret',
      '..%2fsecret',
      'app/../../secret',
      'app/%2e%2e/%2e%2e/secret',
      '.moorage',
      'app/blobs',
    ]) {
      expect((await get(`/v2/${name}/manifests/v1`)).status, name).not.toBe(200);
    }
  });
});

describe('descriptors', () => {
  it('with a wrong size are found, and the bytes are those of the digest', async () => {
    const directory = await temporaryDirectory();
    const entry = { ...image.descriptor, size: 1, annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
    writeStranger(join(directory, 'app'), { entries: [entry], blobs: blobsOf(image) });
    const { get } = await serve(directory);
    const answer = await get('/v2/app/manifests/v1');
    if (answer.status === 200) expect(answer.text).toBe(image.bytes.toString());
    expect(await codesIn(directory)).toContain('wrong-size');
  });

  it('of a manifest that claims to be another type: not understood as both', async () => {
    const directory = await temporaryDirectory();
    const index = imageIndex({ manifests: [image] });
    const both = contentOf(
      Buffer.from(
        JSON.stringify({ ...JSON.parse(image.bytes.toString()), manifests: [image.descriptor], mediaType: undefined }),
      ),
      mediaTypes.imageIndex,
    );
    const asImage = { ...index.descriptor, mediaType: mediaTypes.imageManifest };
    const asBlob = { ...image.descriptor, mediaType: 'application/octet-stream' };
    writeStranger(join(directory, 'app'), {
      entries: [
        entryOf({ descriptor: asImage }, 'index-as-image'),
        entryOf(both, 'both'),
        entryOf({ descriptor: asBlob }, 'blob'),
      ],
      blobs: [index, both, ...blobsOf(image)],
    });
    const { get } = await serve(directory);
    for (const tag of ['index-as-image', 'both', 'blob']) {
      const answer = await get(`/v2/app/manifests/${tag}`);
      if (answer.status === 200) expect(answer.text).not.toBe('');
      expect([200, 404], tag).toContain(answer.status);
    }
    expect((await get('/v2/app/manifests/blob')).status).toBe(404);
    expect((await get(`/v2/app/referrers/${image.digest}`)).json()).toMatchObject({ manifests: [] });
    expect(await codesIn(directory)).toEqual(expect.arrayContaining(['not-a-manifest', 'unknown-media-type']));
  });

  it('of what is no descriptor at all are left alone', async () => {
    const directory = await temporaryDirectory();
    const nonsense = [
      null,
      1,
      'text',
      [],
      {},
      { digest: 7 },
      { digest: 'sha256:../../etc/passwd', size: 1 },
      { digest: 'sha384:aa', mediaType: mediaTypes.imageManifest, size: -1 },
      { ...image.descriptor, annotations: [1], size: '7' },
      { ...image.descriptor, annotations: { 'org.opencontainers.image.ref.name': { a: 1 } } },
    ];
    writeStranger(join(directory, 'app'), {
      entries: [...(nonsense as object[]), entryOf(image, 'v1')],
      blobs: blobsOf(image),
    });
    const { get } = await serve(directory);
    expect((await get('/v2/app/manifests/v1')).status).toBe(200);
    expect((await get('/v2/app/tags/list')).json()).toEqual({ name: 'app', tags: ['v1'] });
    expect(await codesIn(directory)).toEqual(
      expect.arrayContaining(['invalid-digest', 'other-algorithm', 'wrong-size']),
    );
  });

  it('of a referrer with a wrong size of its subject: listed, and told', async () => {
    const directory = await temporaryDirectory();
    const sbom = referrerOf(image, 'application/vnd.example.sbom');
    const lying = JSON.parse(sbom.bytes.toString()) as { subject: { size: number } };
    lying.subject.size += 1;
    const liar = contentOf(Buffer.from(JSON.stringify(lying)), mediaTypes.imageManifest);
    writeStranger(join(directory, 'app'), {
      entries: [entryOf(image, 'v1'), entryOf(liar)],
      blobs: [...blobsOf(image), liar, sbom.config],
    });
    const { get } = await serve(directory);
    expect((await get(`/v2/app/referrers/${image.digest}`)).json()).toMatchObject({
      manifests: [{ digest: liar.digest }],
    });
    expect(await codesIn(directory)).toContain('wrong-subject-size');
  });
});

describe('a file that changes while it is served', () => {
  it('index.json: half written, emptied, and whole again', async () => {
    const directory = await temporaryDirectory();
    const app = writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const { get } = await serve(directory);
    expect((await get('/v2/app/manifests/v1')).status).toBe(200);
    const whole = readFileSync(join(app, 'index.json'));
    for (const bytes of [whole.subarray(0, 50), Buffer.alloc(0), Buffer.from('null')]) {
      writeFileSync(join(app, 'index.json'), bytes);
      expect((await get('/v2/app/manifests/v1')).status).toBe(200);
      expect(readFileSync(join(app, 'index.json'))).toEqual(bytes);
    }
    writeIndex(app, [entryOf(image, 'v2')]);
    await expect.poll(async () => (await get('/v2/app/tags/list')).json()).toEqual({ name: 'app', tags: ['v2'] });
  });

  it('a manifest: other bytes under its digest are not served', async () => {
    const directory = await temporaryDirectory();
    const app = writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    writeFileSync(blobPath(app, image.digest), image.bytes.toString().replace('layer', 'lAyer'));
    const { get } = await serve(directory);
    expect((await get('/v2/app/manifests/v1')).status).toBe(404);
    expect(await codesIn(app)).toContain('wrong-digest');
  });

  it('a layer with other bytes is found by --verify', async () => {
    const directory = await temporaryDirectory();
    const app = writeStranger(join(directory, 'app'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('an image without layers');
    writeFileSync(blobPath(app, layer.digest), layer.bytes.toString().replace('layer', 'lAyer'));
    expect(await codesIn(app)).toEqual([]);
    expect(await codesIn(app, { verify: true })).toEqual(['wrong-digest']);
  });
});
