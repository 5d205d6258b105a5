// Manifests: what is accepted with all its oddities, what is refused, and what is derived from one.
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import {
  artifactTypeOf,
  parseManifest,
  referencesOf,
  referrerDescriptorOf,
  subjectOf,
} from '../../../src/oci/manifest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { artifactManifest, blobOf, configType, imageIndex, imageManifest, layerType } from '../../support/content.ts';

const digest = digestOf(Buffer.from('x'));
const descriptor = { mediaType: layerType, digest, size: 1 };
const image = { schemaVersion: 2, mediaType: mediaTypes.imageManifest, config: descriptor, layers: [descriptor] };
const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [descriptor] };

const parse = (value: unknown, type?: string) => parseManifest(Buffer.from(JSON.stringify(value)), type);
const refused = (detail: RegExp | string) =>
  expect.objectContaining({
    code: 'MANIFEST_INVALID',
    status: 400,
    entries: [expect.objectContaining({ detail: expect.stringMatching(detail) })],
  });

describe('parseManifest accepts', () => {
  it('an image manifest, and says what it refers to', () => {
    const pushed = imageManifest({ layers: 2 });
    const parsed = parseManifest(pushed.bytes, mediaTypes.imageManifest);
    expect(parsed).toMatchObject({ kind: 'image', mediaType: mediaTypes.imageManifest });
    expect(referencesOf(parsed)).toEqual([pushed.config, ...pushed.layers].map((each) => each.descriptor));
  });

  it('an index, and says what it lists', () => {
    const child = imageManifest();
    const parsed = parseManifest(imageIndex({ manifests: [child] }).bytes, undefined);
    expect(parsed).toMatchObject({ kind: 'index', mediaType: mediaTypes.imageIndex });
    expect(referencesOf(parsed)).toEqual([child.descriptor]);
  });

  it('no layers, and no manifests', () => {
    expect(parse({ ...image, layers: [] })).toMatchObject({ kind: 'image', layers: [] });
    expect(parse({ ...index, manifests: [] })).toMatchObject({ kind: 'index', manifests: [] });
  });

  it.each([
    [mediaTypes.dockerManifest, image, 'image'],
    [mediaTypes.dockerManifestList, index, 'index'],
  ])('the Docker type %s', (type, body, kind) => {
    expect(parse({ ...body, mediaType: type }, type)).toMatchObject({ kind, mediaType: type });
  });

  it('a body without mediaType: the declared type counts, else it is inferred', () => {
    const { mediaType: _, ...untyped } = image;
    const { mediaType: __, ...untypedIndex } = index;
    expect(parse(untyped, mediaTypes.dockerManifest).mediaType).toBe(mediaTypes.dockerManifest);
    expect(parse(untyped).mediaType).toBe(mediaTypes.imageManifest);
    expect(parse(untypedIndex).mediaType).toBe(mediaTypes.imageIndex);
  });

  it('an artifact manifest, with blobs or without', () => {
    const subject = imageManifest();
    const pushed = artifactManifest([blobOf('sbom')], subject);
    const parsed = parseManifest(pushed.bytes, mediaTypes.artifactManifest);
    expect(parsed).toMatchObject({ kind: 'artifact', mediaType: mediaTypes.artifactManifest });
    expect(referencesOf(parsed)).toEqual([blobOf('sbom').descriptor]);
    expect(subjectOf(parsed)).toBe(subject.digest);
    expect(artifactTypeOf(parsed)).toBe('application/sbom');
    expect(parse({ mediaType: mediaTypes.artifactManifest, artifactType: 'a/b' })).toMatchObject({ blobs: [] });
  });

  it('fields that no spec knows, everywhere', () => {
    const odd = {
      ...descriptor,
      platform: { 'x-os': 1 },
      data: 'eA==',
      urls: ['https://a'],
      'x-vendor': [1, { a: null }],
    };
    expect(parse({ ...image, config: odd, layers: [odd], 'x-vendor': { deep: [[[]]] } })).toMatchObject({
      config: descriptor,
    });
  });

  it('null where a Go client left an optional field empty', () => {
    const parsed = parse({ ...image, artifactType: null, subject: null, annotations: null });
    expect(parsed).not.toHaveProperty('subject');
    expect(parsed).not.toHaveProperty('artifactType');
    expect(parsed).not.toHaveProperty('annotations');
    expect(parse({ ...image, config: { ...descriptor, annotations: null } })).toMatchObject({ config: descriptor });
  });

  it('digests of algorithms that are not stored here, also of the subject', () => {
    const blake3 = { ...descriptor, digest: `blake3:${'0'.repeat(64)}` };
    const parsed = parse({ ...image, layers: [blake3], subject: blake3 });
    expect(referencesOf(parsed).map((each) => each.digest)).toContain(blake3.digest);
    expect(subjectOf(parsed)).toBeUndefined();
  });

  it('whitespace and the order of members', () => {
    const { mediaType, schemaVersion, ...rest } = image;
    const text = `\n\t${JSON.stringify({ ...rest, mediaType, schemaVersion }, null, 3)}\r\n`;
    expect(parseManifest(Buffer.from(text), undefined).kind).toBe('image');
  });

  it('an index of 4 MiB with 17,000 children, each with its platform', () => {
    const platform = { architecture: 'amd64', os: 'linux' };
    const annotations = { 'com.example.note': 'x'.repeat(20) };
    const child = { ...descriptor, mediaType: mediaTypes.imageManifest, platform, annotations };
    const manifests = Array.from({ length: 17_000 }, () => child);
    expect(parse({ ...index, manifests })).toMatchObject({ kind: 'index', manifests: { length: 17_000 } });
  });

  it('64 levels, brackets inside strings not counted', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const body = (levels: number) =>
      Buffer.from(`${JSON.stringify({ ...image, a: '[[{{'.repeat(100) }).slice(0, -1)},"x":${nested(levels)}}`);
    expect(parseManifest(body(63), undefined).kind).toBe('image');
    expect(() => parseManifest(body(64), undefined)).toThrow(refused('nested deeper'));
  });
});

describe('parseManifest refuses', () => {
  it('more than 500,000 names and values, whatever they are', () => {
    // Besides the list: its own two, and those of the object around it.
    const withValues = (count: number, value: string) =>
      Buffer.from(`{"x":[${Array.from({ length: count }, () => value).join(' ,')}]}`);
    for (const value of ['1', '-1.5e3', 'null', '""', '"a,b"', '[]', '{}']) {
      expect(() => parseManifest(withValues(499_997, value), undefined)).toThrow(refused('schemaVersion|config'));
      expect(() => parseManifest(withValues(499_998, value), undefined)).toThrow(refused('^more than 500000 names'));
    }
    expect(() => parseManifest(withValues(250_000, '{"a":1}'), undefined)).toThrow(refused('^more than 500000 names'));
  });

  it('an artifact type longer than any media type', () => {
    expect(parse({ ...image, artifactType: `a/${'b'.repeat(253)}` }).artifactType).toHaveLength(255);
    expect(() => parse({ ...image, artifactType: `a/${'b'.repeat(254)}` })).toThrow(refused('^artifactType: '));
  });

  it('with a detail that does not repeat megabytes of it', () => {
    const long = 'x'.repeat(1_000_000);
    for (const value of [
      { ...image, mediaType: long },
      { ...image, annotations: { [long]: 1 } },
    ]) {
      expect(() => parse(value)).toThrow(refused(/^.{400,600}$/s));
    }
  });

  it.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['{"schemaVersion":2', 'not JSON'],
    [`${JSON.stringify(image)}}`, 'not JSON'],
    [`${JSON.stringify(image)}{}`, 'not JSON'],
    [`\ufeff${JSON.stringify(image)}`, 'not JSON'],
    ['null', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    ['"x"', 'not a JSON object'],
    ['5', 'not a JSON object'],
    ['{}', 'schemaVersion'],
  ])('%j: %s', (text, detail) => {
    expect(() => parseManifest(Buffer.from(text), undefined)).toThrow(refused(detail));
  });

  it('bytes that are not UTF-8', () => {
    const [before, after] = JSON.stringify({ ...image, x: '|' }).split('|') as [string, string];
    for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(bad), Buffer.from(after)]);
      expect(() => parseManifest(bytes, undefined)).toThrow(refused('UTF-8'));
    }
  });

  it('a depth bomb before it is parsed', () => {
    for (const bracket of ['[', '{"a":', '{"layers":[']) {
      expect(() => parseManifest(Buffer.from(bracket.repeat(1_000_000)), undefined)).toThrow(refused('nested deeper'));
    }
  });

  it.each([
    ['manifests and layers', { ...image, manifests: [] }],
    ['manifests and config', { ...index, config: descriptor }],
    ['manifests and layers, one of them null', { ...index, layers: null }],
  ])('a body that is image and index at once: %s', (_, body) => {
    for (const type of [undefined, mediaTypes.imageManifest, mediaTypes.imageIndex]) {
      const { mediaType: __, ...untyped } = body;
      expect(() => parse(untyped, type)).toThrow(refused('both'));
    }
  });

  it.each([
    ['layers', { layers: [descriptor] }],
    ['config', { config: descriptor }],
    ['manifests', { manifests: [descriptor] }],
    ['blobs.0.digest', { blobs: [{ ...descriptor, digest: 'sha256:short' }] }],
    ['blobs', { blobs: {} }],
  ])('an artifact manifest with wrong %s', (detail, body) => {
    const artifact = { mediaType: mediaTypes.artifactManifest, artifactType: 'a/b', ...body };
    expect(() => parse(artifact)).toThrow(refused(detail));
    expect(() => parse(artifact, mediaTypes.imageManifest)).toThrow(refused('contradicts'));
  });

  it('a media type that contradicts the Content-Type', () => {
    expect(() => parse(image, mediaTypes.dockerManifest)).toThrow(refused('contradicts'));
    expect(() => parse(image, mediaTypes.imageIndex)).toThrow(refused('contradicts'));
    expect(() => parse({ ...image, mediaType: '' }, mediaTypes.imageManifest)).toThrow(refused('contradicts'));
  });

  it('an index under the type of an image, and the reverse', () => {
    const { mediaType: _, ...untyped } = image;
    const { mediaType: __, ...untypedIndex } = index;
    expect(() => parse(untypedIndex, mediaTypes.imageManifest)).toThrow(refused('config'));
    expect(() => parse(untyped, mediaTypes.imageIndex)).toThrow(refused('manifests'));
  });

  it.each(['application/json', 'application/vnd.docker.distribution.manifest.v1+prettyjws', 'text/plain'])(
    'the type %s',
    (type) => {
      const { mediaType: _, ...untyped } = image;
      expect(() => parse(untyped, type)).toThrow(refused('unsupported media type'));
      expect(() => parse({ ...image, mediaType: type })).toThrow(refused('unsupported media type'));
    },
  );

  it.each([
    ['schemaVersion', { ...image, schemaVersion: 1 }],
    ['schemaVersion', { ...image, schemaVersion: '2' }],
    ['mediaType', { ...image, mediaType: 5 }],
    ['mediaType', { ...image, mediaType: null }],
    ['config', { ...image, config: undefined }],
    ['config', { ...image, config: null }],
    ['config', { ...image, config: 'sha256:x' }],
    ['config', { ...image, config: [descriptor] }],
    ['config.digest', { ...image, config: { ...descriptor, digest: 'sha256' } }],
    ['config.digest', { ...image, config: { ...descriptor, digest: '../../etc/passwd' } }],
    ['config.digest', { ...image, config: { ...descriptor, digest: 'sha256:xyz' } }],
    ['config.digest', { ...image, config: { mediaType: layerType, size: 1 } }],
    ['config.mediaType', { ...image, config: { ...descriptor, mediaType: '' } }],
    ['layers', { ...image, layers: undefined }],
    ['layers', { ...image, layers: null }],
    ['layers', { ...image, layers: {} }],
    ['layers', { ...image, layers: { length: 1, 0: descriptor } }],
    ['layers.0', { ...image, layers: [null] }],
    ['layers.1.size', { ...image, layers: [descriptor, { ...descriptor, size: -1 }] }],
    ['layers.0.size', { ...image, layers: [{ ...descriptor, size: 1.5 }] }],
    ['layers.0.size', { ...image, layers: [{ ...descriptor, size: '1' }] }],
    ['layers.0.size', { ...image, layers: [{ ...descriptor, size: null }] }],
    ['layers.0.size', { ...image, layers: [{ ...descriptor, size: Number.NaN }] }],
    ['layers.0.size', { ...image, layers: [{ ...descriptor, size: 2 ** 53 }] }],
    ['layers.0.annotations', { ...image, layers: [{ ...descriptor, annotations: { a: 1 } }] }],
    ['annotations', { ...image, annotations: ['a'] }],
    ['annotations.a', { ...image, annotations: { a: {} } }],
    ['artifactType', { ...image, artifactType: 5 }],
    ['subject', { ...image, subject: 'sha256:x' }],
    ['subject.digest', { ...image, subject: { ...descriptor, digest: '' } }],
  ])('a wrong shape, and names the place: %s in %j', (place, body) => {
    expect(() => parse(body)).toThrow(refused(new RegExp(`^${place.replaceAll('.', '\\.')}`)));
  });

  it.each([
    ['layers', '{}'],
    ['layers', '1'],
    ['annotations', '1'],
  ])('as many wrong %s of %s as there may be, as fast as one: only the first is told', (place, wrong) => {
    const many = Array.from({ length: 240_000 }, (_, at) => (place === 'layers' ? wrong : `"${at}":${wrong}`)).join(
      ',',
    );
    const list = place === 'layers' ? `[${many}]` : `{${many}}`;
    const whole = JSON.stringify({ ...image, [place]: undefined });
    const bytes = Buffer.from(`${whole.slice(0, -1)},"${place}":${list}}`);
    const before = process.memoryUsage().rss;
    expect(() => parseManifest(bytes, undefined)).toThrow(refused(new RegExp(`^${place}\\.0`)));
    // Where each was an issue of its own it took 650 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  it.each(['1e400', '-1', '12345678901234567890', '1e-1'])('the size %s', (size) => {
    const text = JSON.stringify(image).replace('"size":1', `"size":${size}`);
    expect(() => parseManifest(Buffer.from(text), undefined)).toThrow(refused('config.size'));
  });
});

describe('what is derived from a manifest', () => {
  const subject = imageManifest();

  it('the artifact type: its own, else the config type of an image, else none', () => {
    const typed = (body: object) => artifactTypeOf(parse(body));
    expect(typed({ ...image, artifactType: 'a/b' })).toBe('a/b');
    expect(typed(image)).toBe(layerType);
    expect(typed({ ...image, artifactType: '' })).toBe(layerType);
    expect(typed(index)).toBeUndefined();
    expect(typed({ ...index, artifactType: 'a/b' })).toBe('a/b');
    expect(typed({ ...index, artifactType: '' })).toBeUndefined();
  });

  it('the subject, of images, indexes and Docker manifests', () => {
    expect(subjectOf(parse({ ...image, subject: subject.descriptor }))).toBe(subject.digest);
    expect(subjectOf(parse({ ...index, subject: subject.descriptor }))).toBe(subject.digest);
    const docker = { ...image, mediaType: mediaTypes.dockerManifest, subject: subject.descriptor };
    expect(subjectOf(parse(docker))).toBe(subject.digest);
    expect(subjectOf(parse(image))).toBeUndefined();
  });

  it('what must exist: never the subject, never a non-distributable layer', () => {
    const foreign = { ...descriptor, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' };
    const parsed = parse({ ...image, layers: [foreign, descriptor], subject: subject.descriptor });
    expect(referencesOf(parsed)).toEqual([descriptor, descriptor]);
  });

  it('the entry of a referrers response: derived type and all annotations, nothing added', () => {
    const annotations = { 'org.opencontainers.image.ref.name': 'phantom', a: '' };
    const referrer = imageManifest({ subject, annotations, config: blobOf('{}', configType) });
    const digestOfIt = referrer.digest as Digest;
    expect(referrerDescriptorOf(parseManifest(referrer.bytes, undefined), digestOfIt, 77)).toEqual({
      mediaType: mediaTypes.imageManifest,
      digest: digestOfIt,
      size: 77,
      artifactType: configType,
      annotations,
    });
    const plain = parse(index);
    expect(referrerDescriptorOf(plain, digest, 5)).toEqual({ mediaType: mediaTypes.imageIndex, digest, size: 5 });
  });
});
