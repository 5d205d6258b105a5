// Round trips over one directory that is served all the time: one tool adds or deletes a referrer, the server lists it
// at once, `moorage reconcile` brings it to the form that the next tool finds.

import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { digests } from '../../e2e/fixtures/expectations.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { Missing } from '../checks.ts';
import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { Daemon, expectAnswer } from '../matrix/daemon.ts';
import { projectFile } from '../project-files.ts';
import { RegistryClient } from '../registry-client.ts';
import { freePort, OwnServer } from '../server-under-test.ts';
import { discoveredDigests } from '../tools/oras.ts';
import { referrerDigestsFormat } from '../tools/regctl.ts';

const repository = 'app';
const { A, R1 } = digests;
const main = projectFile('dist/main.js');

interface RoundTrip {
  readonly lab: Lab;
  /** A directory that is a layout; its name is the repository's, as olareg sees it from above. */
  readonly layout: string;
  readonly registry: RegistryClient;
}

export const roundTrips: Scenario = async (lab) => {
  if (lab.server.root === undefined) return;
  const root = join(lab.scratch, 'round-trips');
  const layout = join(root, repository);
  await mkdir(root, { recursive: true });
  writeLayout(layout, 'generated/recommended/referrers');
  const server = await OwnServer.mounting(main, [`${repository}=${layout}`], join(lab.scratch, 'round-trips.log'));
  const trip = { lab, layout, registry: new RegistryClient(server.host) };
  const { checks } = lab;
  try {
    await checks.check('oras', 'attaches; after a reconcile regctl lists it', () => attachWithOras(trip));
    await checks.check('regctl', 'puts an artifact; after a reconcile oras lists it', () => putWithRegctl(trip));
    await checks.check('olareg', 'takes a referrer; after a reconcile oras and regctl list it', () =>
      pushToOlareg(trip),
    );
    await checks.check('oras', 'deletes a referrer; after a reconcile regctl lists the others', () =>
      deleteWithOras(trip),
    );
    await checks.check('moorage', 'reconcile with nothing to do writes nothing', async () => {
      expectThat((await reconcile(trip)).includes('nothing to do'), 'a second reconcile changed something');
      return undefined;
    });
  } finally {
    await server.stop();
  }
};

async function attachWithOras(trip: RoundTrip): Promise<string> {
  const before = await served(trip);
  const file = await fileWith(trip, 'attached by oras');
  const args = ['attach', '--oci-layout', '--artifact-type', 'application/vnd.example.third.v1', `${trip.layout}@${A}`];
  await trip.lab.run('oras', [...args, `${basename(file)}:text/plain`], dirname(file));
  await expectMore(trip, before, 1);
  return await expectSeenBy(trip, ['regctl']);
}

async function putWithRegctl(trip: RoundTrip): Promise<string> {
  const before = await served(trip);
  const file = await fileWith(trip, 'put by regctl');
  const type = ['--artifact-type', 'application/vnd.example.fourth.v1'];
  await trip.lab.run('regctl', ['artifact', 'put', ...type, '--file', file, '--subject', `ocidir://${trip.layout}:v1`]);
  await expectMore(trip, before, 1);
  return await expectSeenBy(trip, ['oras', 'regctl']);
}

async function pushToOlareg(trip: RoundTrip): Promise<string> {
  const before = await served(trip);
  const port = await freePort();
  const command = trip.lab.executable('olareg');
  if (command === undefined) throw new Missing('olareg is not installed');
  const args = ['serve', '--addr', '127.0.0.1', '--port', String(port), '--dir', dirname(trip.layout)];
  const url = `http://127.0.0.1:${port}/v2/`;
  const log = join(trip.lab.scratch, 'olareg.log');
  const olareg = await Daemon.start(command, args, { env: { PATH: '' }, log }, () => expectAnswer(url));
  try {
    const theirs = new RegistryClient(`127.0.0.1:${port}`);
    const config = await theirs.pushBlob(repository, Buffer.from('{}'));
    const layer = await theirs.pushBlob(repository, Buffer.from('pushed to olareg\n'));
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = {
      schemaVersion: 2,
      mediaType: type,
      artifactType: 'application/vnd.example.fifth.v1',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config, size: 2 },
      layers: [{ mediaType: 'text/plain', digest: layer, size: 17 }],
      subject: { mediaType: type, digest: A, size: 397 },
    };
    await theirs.pushManifest(repository, 'from-olareg', type, Buffer.from(JSON.stringify(manifest)));
    expectEqual((await theirs.referrers(repository, A)).length, before.length + 1, 'the referrers that olareg lists');
  } finally {
    await olareg.stop();
  }
  await expectMore(trip, before, 1);
  return await expectSeenBy(trip, ['oras', 'regctl']);
}

async function deleteWithOras(trip: RoundTrip): Promise<string> {
  const before = await served(trip);
  expectIncludes(before, R1, 'the referrers before');
  await trip.lab.run('oras', ['manifest', 'delete', '--force', '--oci-layout', `${trip.layout}@${R1}`]);
  const left = await served(trip);
  expectEqual(left.join(), before.filter((digest) => digest !== R1).join(), 'the referrers left');
  return await expectSeenBy(trip, ['oras', 'regctl']);
}

async function served({ registry }: RoundTrip): Promise<string[]> {
  return (await registry.referrers(repository, A)).toSorted();
}

async function expectMore(trip: RoundTrip, before: readonly string[], more: number): Promise<void> {
  const now = await served(trip);
  for (const digest of before) expectIncludes(now, digest, 'the referrers served');
  expectEqual(now.length, before.length + more, 'referrers served');
}

/** Reconciles; then the tools list in the directory what the server lists, all of it can be pulled, and the tag is where it was. */
async function expectSeenBy(trip: RoundTrip, tools: readonly ('oras' | 'regctl')[]): Promise<string> {
  const { lab, layout, registry } = trip;
  await reconcile(trip);
  const wanted = await served(trip);
  for (const tool of tools) {
    const listed = tool === 'oras' ? await seenByOras(lab, layout) : await seenByRegctl(lab, layout);
    expectEqual(listed.toSorted().join(), wanted.join(), `the referrers that ${tool} lists`);
  }
  for (const digest of wanted)
    for (const blob of await registry.blobsOf(repository, digest)) {
      expectEqual(await registry.status(`/v2/${repository}/blobs/${blob}`), 200, `GET of a blob of ${digest}`);
    }
  expectEqual((await registry.manifest(repository, 'v1')).digest, A, 'the tag');
  return `${wanted.length} referrers`;
}

async function seenByOras(lab: Lab, layout: string): Promise<string[]> {
  const args = ['discover', '--oci-layout', '--format', 'json', '--depth', '1', `${layout}@${A}`];
  return discoveredDigests(await lab.run('oras', args));
}

async function seenByRegctl(lab: Lab, layout: string): Promise<string[]> {
  const listed = await lab.run('regctl', [
    'artifact',
    'list',
    '--format',
    referrerDigestsFormat,
    `ocidir://${layout}:v1`,
  ]);
  return listed.split('\n').filter((line) => line !== '');
}

async function reconcile({ lab, layout }: RoundTrip): Promise<string> {
  return await lab.run('node', [main, 'reconcile', layout]);
}

async function fileWith({ lab }: RoundTrip, text: string): Promise<string> {
  const file = join(lab.scratch, 'round-trip.txt');
  await writeFile(file, `${text}\n`);
  return file;
}
