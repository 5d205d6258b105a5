// The container image that scripts/build-image.mjs makes without an engine: a layout, which moorage itself serves, so that an engine can pull it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckList } from './checks.ts';
import { runCommand } from './command.ts';
import type { DockerEngine } from './docker-engine.ts';
import { expectEqual, expectThat } from './expect.ts';
import { checkBuilt } from './image-checks.ts';
import type { Machine } from './machine.ts';
import { projectFile } from './project-files.ts';
import { OwnServer } from './server-under-test.ts';

const subject = 'image layout';
const billType = 'application/vnd.cyclonedx+json';

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

interface Artifact {
  readonly layers: readonly { readonly digest: string }[];
}

/** Needs npm's packages, and dpkg-deb and apt-get for the libraries of Debian. */
export async function checkLayoutImage(machine: Machine, checks: CheckList, engine: DockerEngine): Promise<void> {
  const first = join(machine.scratch, 'image-layout');
  const archive = ['--package', join(machine.scratch, await packed(machine.scratch))];
  const made = await checks.check(subject, 'is made without an engine', async () => {
    return (await buildLayout(first, archive)).trim().split('\n').at(0);
  });
  if (!made) return;
  await checks.check(subject, 'is made of the same bytes again', async () => {
    const second = join(machine.scratch, 'image-layout-again');
    await buildLayout(second, archive);
    const digests = await Promise.all([first, second].map((directory) => digestOf(join(directory, 'index.json'))));
    expectEqual(digests[1], digests[0], 'index.json of the second');
    return digests[0];
  });
  const { version } = JSON.parse(await readFile(projectFile('package.json'), 'utf8')) as { readonly version: string };
  const log = join(machine.scratch, 'image-layout.log');
  const server = await OwnServer.mounting(projectFile('dist/main.js'), [`moorage=${first}:ro`], log);
  const image = `${server.host}/moorage:${version}`;
  try {
    await checks.check(subject, 'has a list of all that is in it, as a referrer', () =>
      expectBill(server.host, version),
    );
    const pulled = await checks.check(subject, 'is served by moorage, and pulled by an engine', async () => {
      await engine.docker(['pull', image]);
      return (await engine.docker(['image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', image])).stdout.trim();
    });
    if (pulled) await checkBuilt({ machine, checks, engine, subject, image });
  } finally {
    await server.stop();
  }
}

const env = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])));

/** As it was built for this run: the server under test is of the same files. Answers the name of the archive. */
async function packed(directory: string): Promise<string> {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory];
  return (await runCommand('npm', args, { env, cwd: projectFile('.') })).stdout.trim();
}

/** Answers what it says: a line for each platform. */
async function buildLayout(directory: string, args: readonly string[]): Promise<string> {
  const script = projectFile('scripts/build-image.mjs');
  const options = { env, cwd: projectFile('.'), timeoutMs: 300_000 };
  return (await runCommand(process.execPath, [script, directory, ...args], options)).stdout;
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function expectBill(host: string, version: string): Promise<string> {
  const at = (path: string) => fetch(`http://${host}/v2/moorage/${path}`);
  const accept = { headers: { accept: 'application/vnd.oci.image.index.v1+json' } };
  const index = await fetch(`http://${host}/v2/moorage/manifests/${version}`, accept);
  const digest = index.headers.get('docker-content-digest');
  const { manifests } = (await (await at(`referrers/${digest}`)).json()) as {
    readonly manifests: readonly { readonly digest: string; readonly artifactType: string }[];
  };
  const bill = manifests.find(({ artifactType }) => artifactType === billType);
  expectThat(bill !== undefined, `no referrer of ${digest} is a ${billType}`);
  const artifact = (await (await at(`manifests/${bill?.digest}`)).json()) as Artifact;
  const { components } = (await (await at(`blobs/${artifact.layers[0]?.digest}`)).json()) as Bill;
  const names = new Set(components.map(({ name }) => name));
  for (const name of ['node', 'libc6', 'fastify', 'koffi']) expectThat(names.has(name), `${name} is not in the list`);
  return `${components.length} components`;
}
