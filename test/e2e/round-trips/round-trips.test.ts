// Round trips through other tools (models of them; `npm run interop` has the real ones): what one of them stores, the
// server lists and `moorage reconcile` makes visible to the others; what we write survives what they do.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { digests } from '../fixtures/expectations.ts';
import { runMoorage, scratchDirectory, startMoorage } from '../moorage-process.ts';
import { digestOf, given, LayoutOfOthers } from './layout-of-others.ts';

const { A, R1, R2 } = digests;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

interface RoundTrip {
  readonly layout: LayoutOfOthers;
  readonly url: string;
}

/** A fixture's layout, served by its path as `app`. */
async function serving(fixture: string): Promise<RoundTrip> {
  const directory = `${await scratchDirectory()}/layout`;
  writeLayout(directory, fixture);
  const moorage = await startMoorage(['serve', `app=${directory}`, '--listen', '127.0.0.1:0']);
  return { layout: new LayoutOfOthers(directory), url: (await moorage.ready()).url };
}

async function referrersIn(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/v2/app/referrers/${A}`);
  const { manifests } = (await answer.json()) as { manifests: { digest: string }[] };
  return manifests.map(({ digest }) => digest).sort();
}

async function putTag(url: string, repository: string, tag: string): Promise<number> {
  const manifest = await fetch(`${url}/v2/${repository}/manifests/${A}`);
  const body = await manifest.text();
  const headers = { 'content-type': manifestType };
  return (await fetch(`${url}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body })).status;
}

async function reconcile({ directory }: LayoutOfOthers): Promise<string> {
  const { code, stdout, stderr } = await runMoorage(['reconcile', directory]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('a referrer that another tool adds is listed at once, and after a reconcile by every other tool', () => {
  it('oras: an entry only', async () => {
    const { layout, url } = await serving('generated/recommended/referrers');
    const third = layout.orasAttach(A);
    const all = [...given, third].sort();
    expect(await referrersIn(url)).toEqual(all);
    expect(layout.referrersSeenBy('regctl', A)).toEqual(given);
    await reconcile(layout);
    expect(layout.referrersSeenBy('regctl', A)).toEqual(all);
    expect(await referrersIn(url)).toEqual(all);
  });

  it('regctl: a response only', async () => {
    const { layout, url } = await serving('generated/recommended/referrers');
    const third = layout.regctlPut(A);
    const all = [...given, third].sort();
    expect(await referrersIn(url)).toEqual(all);
    expect(layout.referrersSeenBy('zot', A)).toEqual(given);
    await reconcile(layout);
    expect(layout.referrersSeenBy('zot', A)).toEqual(all);
    expect(layout.referrersSeenBy('regctl', A)).toEqual(all);
  });

  it('olareg: a response of its own', async () => {
    const { layout, url } = await serving('generated/recommended/referrers');
    const third = layout.olaregPush(A);
    const all = [...given, third].sort();
    expect(await referrersIn(url)).toEqual(all);
    await reconcile(layout);
    for (const tool of ['zot', 'regctl', 'olareg'] as const) expect(layout.referrersSeenBy(tool, A)).toEqual(all);
  });

  it('and a second reconcile writes nothing', async () => {
    const { layout } = await serving('generated/recommended/referrers');
    layout.orasAttach(A);
    await reconcile(layout);
    const text = layout.text();
    expect(await reconcile(layout)).toContain('nothing to do');
    expect(layout.text()).toBe(text);
  });
});

it('a referrer that oras deletes is gone at once, and from the response after a reconcile', async () => {
  const { layout, url } = await serving('generated/recommended/referrers');
  layout.orasDelete(R1);
  expect(await referrersIn(url)).toEqual([R2]);
  expect(layout.referrersSeenBy('regctl', A)).toEqual(given);
  await reconcile(layout);
  expect(layout.referrersSeenBy('regctl', A)).toEqual([R2]);
});

it('an index.json with the tail of an older one behind it is served, and not written to by looking', async () => {
  const { layout, url } = await serving('generated/recommended/referrers');
  const torn = `${readFileSync(`${layout.directory}/index.json`, 'utf8')}tail of a longer one"}]}`;
  writeFileSync(layout.path, torn);
  expect((await fetch(`${url}/v2/app/manifests/v1`)).status).toBe(200);
  expect(await referrersIn(url)).toEqual(given);
  await sleep(1_500);
  expect(layout.text()).toBe(torn);
});

it('a truncated index.json is waited for: reads go on from the last good one, pushes are refused, the file stays', async () => {
  const { layout, url } = await serving('generated/recommended/referrers');
  expect((await fetch(`${url}/v2/app/manifests/v1`)).status).toBe(200);
  const whole = layout.text();
  const half = whole.slice(0, whole.length / 2);
  writeFileSync(layout.path, half);
  expect((await fetch(`${url}/v2/app/manifests/v1`)).status).toBe(200);
  expect(await putTag(url, 'app', 'v2')).toBe(503);
  expect(layout.text()).toBe(half);
  writeFileSync(layout.path, whole);
  expect(await putTag(url, 'app', 'v2')).toBe(201);
  expect(layout.text()).toContain('"v2"');
});

it.each([
  ['generated/odd/unknown-fields', ['"x-vendor":{"keep":"me"}', '"x-desc":[1,2]']],
  ['generated/olareg/referrers', ['"org.olareg.history":{"v1":[{"time":"2026-01-02T03:04:05Z"']],
])('a push into %s keeps what we do not know', async (fixture, unknown) => {
  const { layout, url } = await serving(fixture);
  for (const field of unknown) expect(layout.text()).toContain(field);
  expect(await putTag(url, 'app', 'v2')).toBe(201);
  expect(layout.text()).toContain('"v2"');
  for (const field of unknown) expect(layout.text()).toContain(field);
});

it('everything that was pushed is still there after regctl has collected its garbage', async () => {
  const { layout, url } = await serving('generated/recommended/tagged');
  const blob = async (text: string) => {
    const digest = digestOf(text);
    const answer = await fetch(`${url}/v2/app/blobs/uploads/?digest=${digest}`, { method: 'POST', body: text });
    expect(answer.status).toBe(201);
    return { digest, size: text.length };
  };
  const put = async (reference: string, mediaType: string, value: object) => {
    const body = JSON.stringify(value);
    const path = `${url}/v2/app/manifests/${reference}`;
    const answer = await fetch(path, { method: 'PUT', headers: { 'content-type': mediaType }, body });
    expect(answer.status).toBe(201);
    return { mediaType, digest: answer.headers.get('docker-content-digest') ?? '', size: body.length };
  };
  const image = async (name: string, subject?: object) => ({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.example.config', ...(await blob(`config ${name}`)) },
    layers: [{ mediaType: 'text/plain', ...(await blob(`layer ${name}`)) }],
    ...(subject === undefined ? {} : { subject }),
  });
  const first = await put('moved', manifestType, await image('first'));
  const second = await put('moved', manifestType, await image('second'));
  const index = 'application/vnd.oci.image.index.v1+json';
  const both = await put('both', index, { schemaVersion: 2, mediaType: index, manifests: [first, second] });
  const body = JSON.stringify(await image('referrer', both));
  const referrer = digestOf(body);
  const headers = { 'content-type': manifestType };
  await fetch(`${url}/v2/app/manifests/${referrer}`, { method: 'PUT', headers, body });
  layout.regctlCollect();
  for (const reference of ['v1', 'moved', 'both', first.digest, second.digest, referrer]) {
    const answer = await fetch(`${url}/v2/app/manifests/${reference}`);
    expect([reference, answer.status]).toEqual([reference, 200]);
    const { config, layers = [] } = (await answer.json()) as {
      config?: { digest: string };
      layers?: { digest: string }[];
    };
    for (const { digest } of [...(config === undefined ? [] : [config]), ...layers]) {
      expect((await fetch(`${url}/v2/app/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
    }
  }
  const listed = await fetch(`${url}/v2/app/referrers/${both.digest}`);
  expect(((await listed.json()) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest)).toEqual([
    referrer,
  ]);
});

it.each([
  ['generated/oras/fullname', 'app/hello', { 'org.opencontainers.image.ref.name': 'localhost:5000/hello:new' }],
  [
    'generated/linuxkit/cache',
    'app/library/alpine',
    { 'org.opencontainers.image.ref.name': 'docker.io/library/alpine:new' },
  ],
  [
    'generated/containerd/fullname',
    'app/library/alpine',
    { 'io.containerd.image.name': 'docker.io/library/alpine:new', 'org.opencontainers.image.ref.name': 'new' },
  ],
])('a push into a virtual repository of %s is named as its tool names images', async (fixture, repository, names) => {
  const { layout, url } = await serving(fixture);
  expect(await putTag(url, repository, 'new')).toBe(201);
  const named = layout
    .index()
    .manifests.filter(({ annotations = {} }) =>
      Object.entries(names).every(([key, value]) => annotations[key] === value),
    );
  expect(named.map(({ digest }) => digest)).toEqual([A]);
});
