// `moorage export` in each of its forms, for the tools that the form is for: they load, run, list and push what was exported. The
// images come into the registry by `moorage import`, beside the running server.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Missing } from '../checks.ts';
import { runCommand } from '../command.ts';
import { expectEqual, expectIncludes, expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { projectFile } from '../project-files.ts';
import { dockerRun } from '../tools/docker.ts';
import { discoveredDigests } from '../tools/oras.ts';
import { referrerDigestsFormat } from '../tools/regctl.ts';

const repository = 'interop/exports';
const fullName = `docker.io/${repository}`;
const kinds = ['application/vnd.example.sbom.v1', 'application/vnd.example.signature.v1'];

interface Exported {
  readonly lab: Lab;
  /** Of `v1`, an image; `multi` is an index. */
  readonly digest: string;
  readonly message: string;
  /** What refers to `v1`. */
  readonly referrers: readonly string[];
}

export const exports: Scenario = async (lab) => {
  const { checks } = lab;
  let content: Exported | undefined;
  await checks.check('moorage import', 'beside the running server', async () => {
    content = await importContent(lab);
    return `${content.referrers.length} referrers`;
  });
  if (content === undefined) return;
  for (const [subject, what, run] of readers) {
    const exported = content;
    await checks.check(subject, `export for ${what}`, () => run(exported));
  }
};

type Reader = readonly [subject: string, what: string, run: (exported: Exported) => Promise<string>];

const readers: readonly Reader[] = [
  ['docker', 'docker load', loadWithDocker],
  ['podman', 'podman load', loadWithPodman],
  ['skopeo', 'oci and linuxkit', copyWithSkopeo],
  ['oras', 'oci, as a directory and as an archive', discoverWithOras],
  ['regctl', 'oci, and image import', readWithRegctl],
  ['crane', 'crane push', pushWithCrane],
  ['moorage', 'the same archive twice', sameArchiveTwice],
];

async function importContent(lab: Lab): Promise<Exported> {
  const { server, images, registry, scratch } = lab;
  if (server.root === undefined) throw new Missing('the directory of the server is not known: name it with --root');
  const [image, index] = [await images.image('exports'), await images.index('exports-index')];
  for (const [layout, tag] of [
    [image.layout, 'v1'],
    [index.layout, 'multi'],
  ] as const) {
    await moorage('import', `${layout}:v1`, `${repository}:${tag}`, '--root', server.root);
  }
  expectEqual((await registry.manifest(repository, 'v1')).digest, image.digest, 'the digest that is served');
  for (const kind of kinds) {
    await writeFile(join(scratch, 'attached.txt'), `${kind}\n`);
    const subject = registry.reference(repository, 'v1');
    await lab.run(
      'oras',
      ['attach', '--plain-http', '--artifact-type', kind, subject, 'attached.txt:text/plain'],
      scratch,
    );
  }
  const referrers = await registry.referrers(repository, image.digest);
  return { lab, digest: image.digest, message: image.message, referrers };
}

function moorage(...args: readonly string[]) {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
  return runCommand(process.execPath, [projectFile('dist/main.js'), ...args], { env });
}

/** Exports both tags below a name of its own; answers the path. */
async function exportAs({ lab }: Exported, target: string, ...options: readonly string[]): Promise<string> {
  const path = join(lab.scratch, `exported-${target}`);
  const tags = options.includes('crane') ? ['v1'] : ['v1', 'multi'];
  const names = tags.map((tag) => `${repository}:${tag}`);
  await moorage('export', ...names, path, '--root', lab.server.root ?? '', ...options);
  return path;
}

async function loadWithDocker(exported: Exported): Promise<string> {
  const { engine, images } = exported.lab;
  if (engine === undefined) throw new Missing('no docker engine');
  const seen: string[] = [];
  for (const name of ['docker.tar', 'docker.tar.gz']) {
    const { stdout } = await engine.docker(['load', '--input', await exportAs(exported, name, '--profile', 'docker')]);
    for (const tag of ['v1', 'multi'])
      expectThat(stdout.includes(`${repository}:${tag}`), `${name}: docker said ${stdout}`);
    if (images.runnable) expectEqual(await dockerRun(engine, `${repository}:v1`), exported.message, 'what it prints');
    await engine.docker(['image', 'rm', '--force', `${repository}:v1`, `${repository}:multi`]);
    seen.push(name);
  }
  return `${seen.join(', ')}${images.runnable ? ', run' : ''}`;
}

/** One that takes several entries is read by way of manifest.json, one without referrers as a layout. */
async function loadWithPodman(exported: Exported): Promise<string> {
  const { scratch } = exported.lab;
  const [root, run] = [join(scratch, 'exports-podman'), join(scratch, 'exports-podman-run')];
  const podman = (...args: string[]) =>
    exported.lab.run('podman', ['--root', root, '--runroot', run, '--storage-driver', 'vfs', ...args]);
  const loaded = await podman('load', '--input', await exportAs(exported, 'podman.tar', '--profile', 'docker'));
  for (const tag of ['v1', 'multi']) expectThat(loaded.includes(`${fullName}:${tag}`), `podman said ${loaded}`);
  await podman('rmi', '--all', '--force');
  return 'both names, with docker.io';
}

async function copyWithSkopeo(exported: Exported): Promise<string> {
  const { lab, digest } = exported;
  const inspected = async (source: string) =>
    (JSON.parse(await lab.run('skopeo', ['inspect', source])) as { Digest: string }).Digest;
  const sources = [
    `oci:${await exportAs(exported, 'skopeo')}:v1`,
    `oci-archive:${await exportAs(exported, 'skopeo.tar')}:v1`,
    `oci-archive:${await exportAs(exported, 'skopeo-full.tar', '--profile', 'linuxkit')}:${fullName}:v1`,
  ];
  for (const source of sources) expectEqual(await inspected(source), digest, source);
  return `${sources.length} transports and names`;
}

async function discoverWithOras(exported: Exported): Promise<string> {
  const { lab, digest, referrers } = exported;
  for (const layout of [await exportAs(exported, 'oras'), await exportAs(exported, 'oras.tar')]) {
    const fetched = await lab.run('oras', ['manifest', 'fetch', '--oci-layout', '--descriptor', `${layout}:v1`]);
    expectEqual((JSON.parse(fetched) as { digest: string }).digest, digest, 'the digest of v1');
    const found = await lab.run('oras', [
      'discover',
      '--oci-layout',
      '--format',
      'json',
      '--depth',
      '1',
      `${layout}:v1`,
    ]);
    expectEqual(discoveredDigests(found).toSorted().join(), referrers.toSorted().join(), 'the referrers of v1');
  }
  return `${referrers.length} referrers`;
}

async function readWithRegctl(exported: Exported): Promise<string> {
  const { lab, digest, referrers } = exported;
  const layout = `ocidir://${await exportAs(exported, 'regctl')}`;
  const listed = await lab.run('regctl', ['artifact', 'list', '--format', referrerDigestsFormat, `${layout}:v1`]);
  const found = listed.split('\n').filter((line) => line !== '');
  expectEqual(found.toSorted().join(), referrers.toSorted().join(), 'the referrers of v1');
  const copy = `ocidir://${join(lab.scratch, 'exports-regctl-copy')}:v1`;
  await lab.run('regctl', ['image', 'import', copy, await exportAs(exported, 'regctl.tar', '--profile', 'docker')]);
  const head = await lab.run('regctl', ['manifest', 'head', '--format', '{{.GetDescriptor.Digest}}', copy]);
  expectEqual(head.trim(), digest, 'the digest of the import');
  return `${found.length} referrers; imported`;
}

async function pushWithCrane(exported: Exported): Promise<string> {
  const { lab, digest } = exported;
  const layout = await exportAs(exported, 'crane', '--profile', 'crane');
  await lab.run('crane', ['push', '--insecure', layout, lab.registry.reference(`${repository}/crane`, 'v1')]);
  expectEqual((await lab.registry.manifest(`${repository}/crane`, 'v1')).digest, digest, 'what crane pushed');
  expectIncludes(await lab.registry.tags(`${repository}/crane`), 'v1', 'the tags');
  return 'pushed';
}

async function sameArchiveTwice(exported: Exported): Promise<string> {
  const [one, other] = [await exportAs(exported, 'one.tar.gz'), await exportAs(exported, 'two.tar.gz')];
  expectThat((await readFile(one)).equals(await readFile(other)), 'two exports of the same images differ');
  return 'byte for byte';
}
