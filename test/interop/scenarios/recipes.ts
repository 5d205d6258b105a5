// The commands of docs/recipes.md as they are written, in a directory that has what they name; only the port is another one.

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Missing } from '../checks.ts';
import { expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { projectFile } from '../project-files.ts';

interface Recipe {
  /** Its heading. */
  readonly name: string;
  readonly commands: readonly string[];
}

/** In this order: cosign asks crane for a digest. */
const recipes: readonly Recipe[] = [
  { name: 'skopeo', commands: ['skopeo'] },
  { name: 'oras', commands: ['oras'] },
  { name: 'crane', commands: ['crane'] },
  { name: 'regctl', commands: ['regctl'] },
  { name: 'podman', commands: ['podman'] },
  { name: 'buildah', commands: ['buildah'] },
  { name: 'The directory itself', commands: ['oras', 'regctl', 'skopeo'] },
  { name: 'helm', commands: ['helm'] },
  { name: 'cosign', commands: ['cosign', 'crane'] },
];

/** install-clients.sh builds them with --full only. */
const mayBeAbsent = ['helm', 'cosign'];

export const recipesAsWritten: Scenario = async (lab) => {
  const { checks } = lab;
  const directory = join(lab.scratch, 'recipes');
  const ready = await checks.check('recipes', 'have what they name', () => prepare(lab, directory));
  if (!ready) return;
  const page = await readFile(projectFile('docs/recipes.md'), 'utf8');
  for (const { name, commands } of recipes) {
    const missing = commands.filter((command) => lab.executable(command) === undefined);
    if (missing.some((command) => mayBeAbsent.includes(command)))
      checks.notApplicable('recipes', name, `${missing.join(', ')} not installed`);
    else await checks.check('recipes', name, () => follow(lab, directory, blockBelow(page, name, 'sh')));
  }
  if (lab.executable('systemd-analyze') === undefined)
    checks.notApplicable('recipes', 'systemd', 'systemd is not installed');
  else await checks.check('recipes', 'systemd', () => verifyUnit(lab, directory, blockBelow(page, 'systemd', 'ini')));
};

async function prepare(lab: Lab, directory: string): Promise<undefined> {
  const { server, images, scratch } = lab;
  if (server.root === undefined) throw new Missing('the directory of the server is not known: name it with --root');
  const image = await images.image('recipes');
  await mkdir(join(directory, 'notes'), { recursive: true });
  await symlink(server.root, join(directory, 'registry'));
  const files = {
    'notes.txt': 'notes\n',
    'sbom.json': '{}\n',
    Containerfile: 'FROM scratch\nCOPY notes.txt /\n',
    'notes/Chart.yaml': 'apiVersion: v2\nname: notes\nversion: 0.1.0\n',
    // podman and buildah keep what they pull below the runner's directory.
    'storage.conf': `[storage]\ndriver = "vfs"\nrunroot = "${scratch}/recipes-run"\ngraphroot = "${scratch}/recipes-root"\n`,
    'containers.conf': '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const layout = `oci:${image.layout}:${image.tag}`;
  await lab.run('skopeo', ['copy', layout, 'docker-archive:app.tar:app:v1'], directory);
  await lab.run('skopeo', ['copy', '--dest-tls-verify=false', layout, `docker://${hostOf(lab)}/team/app:v1`]);
  return undefined;
}

/** The first block of the language below the heading. */
function blockBelow(page: string, heading: string, language: 'sh' | 'ini'): string {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [, named, block] = /^```(\w+)\n(.*?)^```$/ms.exec(section.split('\n## ')[0] ?? '') ?? [];
  if (block === undefined || named !== language)
    throw new Error(`docs/recipes.md has no block of ${language} first below ${heading}`);
  return block;
}

/** systemd's own judgement of the unit, with the programs where they are here. Its warnings count: they name settings that it ignores. */
async function verifyUnit(lab: Lab, directory: string, unit: string): Promise<undefined> {
  const path = join(directory, 'moorage.service');
  const here = unit.replace('/usr/bin/node', process.execPath).replace('/opt/moorage', projectFile('.'));
  await writeFile(path, here);
  const said = await lab.run('sh', ['-c', 'systemd-analyze verify "$0" 2>&1', path]);
  expectThat(!said.includes('moorage.service'), said);
  return undefined;
}

async function follow(lab: Lab, directory: string, commands: string): Promise<string> {
  const script = commands.replaceAll('localhost:5000', hostOf(lab));
  expectThat(script !== commands || commands.includes('registry/'), 'the commands name no registry');
  await lab.run(
    'env',
    [
      'COSIGN_PASSWORD=',
      `CONTAINERS_STORAGE_CONF=${join(directory, 'storage.conf')}`,
      `CONTAINERS_CONF=${join(directory, 'containers.conf')}`,
      ...['sh', '-e', '-c', script],
    ],
    directory,
  );
  return `${commands.split('\n').filter((line) => line !== '').length} lines`;
}

/** As the page has it: clients treat `localhost` and addresses differently. */
function hostOf({ server }: Lab): string {
  return server.host.replace(/^127\.0\.0\.1:/, 'localhost:');
}
