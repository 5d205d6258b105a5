// `/api/repositories/:name/findings`: where a repository lies, and what `moorage inspect` says of it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findings } from '../../src/browse/schemas.ts';
import { LayoutLooks } from '../../src/browse/shown-findings.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Key } from '../../src/storage/object-store.ts';
import { mountOver } from '../support/mounts.ts';
import { silentLog } from '../support/silent-log.ts';
import { codesOf } from './support/answers.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { guardedApp } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';

const url = '/api/repositories/team%2Fapp/findings';

async function storeOnDisk() {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-findings-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return { directory, store: await openFilesystemStore(directory, { log: silentLog }) };
}

/** In a directory of the disk, as a server has it: with an image, and with a tag whose manifest is gone. */
async function served() {
  const { store, directory } = await storeOnDisk();
  const mount = { ...mountOver(store), path: directory, kind: 'root' as const };
  const { app, registry } = registryApp({ mounts: [mount] });
  const image = imageManifest({ annotations: { '<script>': 'x' } });
  await pushImage(app, 'team/app', 'v1', image);
  await pushImage(app, 'team/app', 'v2', imageManifest({ annotations: { two: '2' } }));
  await rm(join(directory, 'team/app/blobs', image.digest.replace(':', '/')));
  await mkdir(join(directory, 'team/app/ingest'));
  return { app, registry, directory };
}

describe('the findings of a repository', () => {
  it('are those of moorage inspect, with where it lies', async () => {
    const { app, directory } = await served();
    const answer = await app.inject(url);
    const shown = findings.parse(answer.json());
    expect(shown).toMatchObject({ where: join(directory, 'team/app'), isWhole: true });
    const dangling = shown.findings.find(({ code }) => code === 'dangling-tag');
    expect(dangling).toMatchObject({ severity: 'error', remedy: expect.any(String), about: [{ name: 'v1' }] });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('tell paths of the machine to those alone who administer the repository', async () => {
    const { registry, directory } = await served();
    const rules = [
      { repositories: 'team/*', who: 'ann', may: ['pull', 'push'] },
      { repositories: 'team/*', who: 'eve', may: 'admin' },
    ];
    const { app } = guardedApp(rules, { registry });
    const as = (who: string) => app.inject({ url, headers: { authorization: `Basic ${who}` } });
    const ann = await as('ann');
    expect(findings.parse(ann.json()).findings.length).toBeGreaterThan(0);
    expect(ann.body).not.toContain(directory);
    expect(findings.parse((await as('eve')).json()).where).toBe(join(directory, 'team/app'));
    expect((await as('bob')).statusCode).toBe(403);
    expect((await app.inject(url)).statusCode).toBe(401);
  });

  it('of a directory with others’ repositories are withheld', async () => {
    const store = new MemoryStore();
    const { app: open, registry } = registryApp({ store });
    const named = (name: string, { digest, bytes } = imageManifest()) => ({
      ...{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.byteLength },
      annotations: { 'io.containerd.image.name': `docker.io/${name}`, 'org.opencontainers.image.ref.name': 'v1' },
    });
    const manifests = [named('team/app:v1'), named('secret/app:v1')];
    await store.write('all/oci-layout' as Key, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    await store.write('all/index.json' as Key, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    const shared = '/api/repositories/all%2Fteam%2Fapp/findings';
    expect(findings.parse((await open.inject(shared)).json()).findings.length).toBeGreaterThan(0);
    const { app } = guardedApp([{ repositories: 'all/team/*', who: 'ann', may: 'pull' }], { registry });
    const answer = await app.inject({ url: shared, headers: { authorization: 'Basic ann' } });
    expect(findings.parse(answer.json())).toEqual({ findings: [], isWhole: true, withheld: expect.any(String) });
  });

  it('tell what is wrong with one that cannot be read', async () => {
    const { app, registry, directory } = await served();
    await mkdir(join(directory, 'team/broken'));
    await writeFile(join(directory, 'team/broken/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(directory, 'team/broken/index.json'), '{"manifests": 7}');
    const broken = '/api/repositories/team%2Fbroken/findings';
    const shown = findings.parse((await app.inject(broken)).json());
    expect(shown.findings[0]).toMatchObject({ severity: 'error', code: expect.stringMatching(/index/) });
    const { app: guarded } = guardedApp([{ repositories: 'team/*', who: 'ann', may: 'pull' }], { registry });
    const answer = await guarded.inject({ url: broken, headers: { authorization: 'Basic ann' } });
    expect(findings.parse(answer.json())).toMatchObject({ findings: [], withheld: expect.any(String) });
  });

  it('are none of what is not there', async () => {
    const { app } = await served();
    expect(codesOf(await app.inject('/api/repositories/team%2Fnobody/findings'))).toEqual(['NAME_UNKNOWN']);
  });

  it('are looked for as long as the time lasts, once for all who ask', async () => {
    const { registry } = await served();
    const name = 'team/app' as RepositoryName;
    const asked = { seesAll: true, seesPlace: true };
    expect(await new LayoutLooks(registry, -1).show(name, asked)).toMatchObject({ isWhole: false });
    const looks = new LayoutLooks(registry);
    let places = 0;
    const placeOf = registry.placeOf.bind(registry);
    registry.placeOf = (each) => {
      places += 1;
      return placeOf(each);
    };
    await Promise.all([looks.show(name, asked), looks.show(name, asked)]);
    await looks.show(name, { ...asked, seesPlace: false });
    expect(places).toBe(1);
  });
});
