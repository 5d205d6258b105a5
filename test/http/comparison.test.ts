// `/api/repositories/:name/compare`: two images side by side, for those who may pull both.
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { comparison } from '../../src/browse/comparison/comparison-schema.ts';
import { OneAtATime } from '../../src/browse/comparison/one-at-a-time.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { blobOf, type Content, configType, contentOf, imageManifest, layerType } from '../support/content.ts';
import { type TarMember, tarOf } from '../unit/storage/archive/tar-writer.ts';
import { codesOf } from './support/answers.ts';
import { pushBlob, pushManifest } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';

const layerOf = (...members: TarMember[]) => contentOf(gzipSync(tarOf(...members)), `${layerType}+gzip`);
const base = layerOf({ path: 'base', content: 'base' });

interface Image {
  readonly config: object;
  readonly layers: readonly Content[];
  readonly annotations?: Readonly<Record<string, string>>;
}

async function pushed(app: FastifyInstance, name: string, tag: string, { config, layers, annotations }: Image) {
  const configBlob = blobOf(JSON.stringify(config), configType);
  const image = imageManifest({ config: configBlob, layers, ...(annotations ? { annotations } : {}) });
  for (const { bytes } of [configBlob, ...layers]) await pushBlob(app, name, bytes);
  await pushManifest(app, name, tag, image);
  return image;
}

const configOf = (version: string, history: readonly string[] = []) => ({
  ...{ os: 'linux', architecture: 'amd64' },
  config: {
    User: version === '1' ? 'root' : 'nobody',
    Cmd: ['run', 'it now'],
    Env: ['PATH=/bin', `VERSION=${version}`, ...(version === '2' ? ['NEW='] : [])],
    Labels: { version },
  },
  history: [...history.map((created_by) => ({ created_by })), { created_by: 'ENV', empty_layer: true }],
});

async function filled(app: FastifyInstance, name = 'team/app') {
  const one = await pushed(app, name, 'v1', {
    config: configOf('1', ['ADD base', 'COPY app']),
    layers: [base, layerOf({ path: 'app/one', content: '1' }, { path: 'app/both', content: '1' })],
    annotations: { about: 'one' },
  });
  const two = await pushed(app, name, 'v2', {
    config: configOf('2', ['ADD base', 'COPY app two']),
    layers: [base, layerOf({ path: 'app/two', content: '2' }, { path: 'app/both', content: '2' })],
  });
  return { one, two };
}

async function compared(app: FastifyInstance, query: string, name = 'team/app'): Promise<z.infer<typeof comparison>> {
  const answer = await app.inject(`/api/repositories/${encodeURIComponent(name)}/compare?${query}`);
  expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
  return comparison.parse(answer.json());
}

const different = ({ differences }: z.infer<typeof comparison>['config']) =>
  differences.map(({ name, from, to }) => [name, from, to]);

describe('a comparison of two images', () => {
  it('tells what differs in config, annotations, layers and files', async () => {
    const { app } = registryApp();
    const { one, two } = await filled(app);
    const answer = await compared(app, 'from=v1&to=v2');
    expect([answer.from.digest, answer.to.imageDigest]).toEqual([one.digest, two.digest]);
    expect(different(answer.config)).toEqual([['User', 'root', 'nobody']]);
    expect(different(answer.environment)).toEqual([
      ['VERSION', '1', '2'],
      ['NEW', undefined, ''],
    ]);
    expect(different(answer.labels)).toEqual([['version', '1', '2']]);
    expect(different(answer.annotations)).toEqual([['about', 'one', undefined]]);
    expect(answer.layers.list.map(({ state, command }) => [state, command])).toEqual([
      ['same', 'ADD base'],
      ['removed', 'COPY app'],
      ['added', 'COPY app two'],
    ]);
    expect(answer.layers.sameBytes).toBe(base.bytes.byteLength);
    expect(answer.files?.differences.map(({ path, change, maybe }) => [path, change, maybe])).toEqual([
      ['app/both', 'changed', undefined],
      ['app/one', 'removed', true],
      ['app/two', 'added', true],
    ]);
    expect(answer.files?.commonLayers).toBe(1);
  });

  it('takes digests, and leaves files out where nobody wants them', async () => {
    const { app } = registryApp();
    const { one } = await filled(app);
    const answer = await compared(app, `from=${one.digest}&to=v1&files=false`);
    expect([answer.files, answer.config.differences, answer.layers.addedBytes]).toEqual([undefined, [], 0]);
  });

  it('counts what is attached', async () => {
    const { app } = registryApp();
    const { two } = await filled(app);
    const sbom = imageManifest({ subject: two, artifactType: 'application/spdx+json', layers: [] });
    await pushBlob(app, 'team/app', sbom.config.bytes);
    await pushManifest(app, 'team/app', sbom.digest, sbom);
    const { attached } = await compared(app, 'from=v1&to=v2&files=false');
    expect(attached).toEqual([{ artifactType: 'application/spdx+json', from: 0, to: 1 }]);
  });

  it('chooses the platform of images for several', async () => {
    const { app } = registryApp();
    const { one, two } = await filled(app);
    const listed = (images: readonly Content[], platforms: readonly string[]) => {
      const manifests = images.map(({ descriptor }, at) => {
        const [os, architecture] = (platforms[at] ?? '').split('/');
        return { ...descriptor, platform: { os, architecture } };
      });
      const mediaType = mediaTypes.imageIndex;
      return contentOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })), mediaType);
    };
    const old = listed([one, two], ['linux/amd64', 'linux/arm64']);
    const young = listed([one, two], ['linux/s390x', 'linux/arm64']);
    await pushManifest(app, 'team/app', 'old', old, mediaTypes.imageIndex);
    await pushManifest(app, 'team/app', 'young', young, mediaTypes.imageIndex);
    const first = await compared(app, 'from=old&to=young&files=false');
    expect([first.from.platform, first.to.imageDigest, first.from.platforms]).toEqual([
      ...['linux/arm64', two.digest, ['linux/amd64', 'linux/arm64']],
    ]);
    const missing = await app.inject('/api/repositories/team%2Fapp/compare?from=old&to=young&platform=linux/amd64');
    expect([missing.statusCode, missing.json().errors[0].detail]).toEqual([
      ...[404, '"to" has no linux/amd64, but linux/s390x, linux/arm64'],
    ]);
    // Against an image of one platform that one is compared.
    const single = await compared(app, 'from=old&to=v2&platform=linux/amd64&files=false');
    expect([single.from.imageDigest, single.to.imageDigest]).toEqual([one.digest, two.digest]);
  });

  it.each([
    ['from=v1', 400, 'UNSUPPORTED'],
    ['to=v1', 400, 'UNSUPPORTED'],
    ['from=v1&to=v2&files=some', 400, 'UNSUPPORTED'],
    ['from=v1&to=sha256:1', 400, 'DIGEST_INVALID'],
    ['from=v1&to=v9', 404, 'MANIFEST_UNKNOWN'],
    ['from=v1&to=v2&toRepository=NO', 400, 'NAME_INVALID'],
    ['from=v1&to=v2&toRepository=nobody', 404, 'MANIFEST_UNKNOWN'],
  ])('refuses %s', async (query, status, code) => {
    const { app } = registryApp();
    await filled(app);
    const answer = await app.inject(`/api/repositories/team%2Fapp/compare?${query}`);
    expect([answer.statusCode, codesOf(answer)]).toEqual([status, [code]]);
  });

  it('is for those who may pull both', async () => {
    const { app: open, registry } = registryApp();
    await filled(open);
    await filled(open, 'secret/app');
    const rules = [{ repositories: 'team/*', who: 'ann', may: 'pull' }];
    const { app } = guardedApp([...rules, { repositories: 'secret/*', who: 'eve', may: 'pull' }], { registry });
    const url = (name: string, to: string) =>
      `/api/repositories/${name}%2Fapp/compare?from=v1&to=v1&toRepository=${to}/app`;
    const ann = { authorization: 'Basic ann' };
    expect((await app.inject({ url: url('team', 'team'), headers: ann })).statusCode).toBe(200);
    for (const [name, to] of [
      ['team', 'secret'],
      ['secret', 'team'],
      ['team', 'nowhere'],
    ] as const) {
      const answer = await app.inject({ url: url(name, to), headers: ann });
      expect([answer.statusCode, codesOf(answer)]).toEqual([403, ['DENIED']]);
    }
    const between = await open.inject(url('team', 'secret'));
    expect(comparison.parse(between.json()).to.name).toBe('secret/app');
    const token = { authorization: 'Bearer ann repository:team/app:pull' };
    const narrow = await app.inject({ url: url('team', 'secret'), headers: token });
    expect(narrow.statusCode).not.toBe(200);
  });

  it('runs nothing and says what it is of layers that are no tars', async () => {
    const { app } = registryApp();
    const chart = blobOf('{}', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip');
    await pushed(app, 'team/app', 'v1', { config: [], layers: [chart] });
    const answer = await compared(app, 'from=v1&to=v1');
    expect([answer.from.configProblem, answer.files?.unread]).toEqual(['its config is no JSON object', []]);
    await pushed(app, 'team/app', 'v2', { config: {}, layers: [base] });
    const other = await compared(app, 'from=v1&to=v2');
    expect(other.files?.unread).toEqual([{ side: 'from', digest: chart.digest, why: expect.stringMatching(/no tar/) }]);
  });
});

describe('files of two images', () => {
  it('are read for one request after another, for so long as one may wait', async () => {
    const turns = new OneAtATime(20);
    const order: string[] = [];
    let finish = () => {};
    const first = turns.run(() => new Promise<void>((resolve) => (finish = resolve)));
    await expect(turns.run(async () => order.push('late'))).rejects.toMatchObject({ status: 503 });
    const gone = new AbortController();
    const leaving = new OneAtATime();
    let free = () => {};
    const long = leaving.run(() => new Promise<void>((resolve) => (free = resolve)));
    const left = leaving.run(async () => order.push('left'), gone.signal);
    const second = leaving.run(async () => order.push('second'));
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    free();
    finish();
    await Promise.all([first, long, second]);
    await leaving.run(async () => order.push('third'));
    await turns.run(async () => order.push('fourth'));
    expect(order).toEqual(['second', 'third', 'fourth']);
  });

  it('are not waited for by a ninth', async () => {
    const turns = new OneAtATime();
    let finish = () => {};
    const all = [turns.run(() => new Promise<void>((resolve) => (finish = resolve)))];
    for (let at = 0; at < 8; at += 1) all.push(turns.run(async () => {}));
    await expect(turns.run(async () => {})).rejects.toMatchObject({ status: 503, headers: { 'Retry-After': '10' } });
    finish();
    await Promise.all(all);
  });
});
