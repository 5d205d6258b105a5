// What of moorage is in an image: the package as npm publishes it, and what package-lock.json says that it needs on one platform.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.mjs';
import { Files } from './layer.mjs';

export const home = 'opt/moorage';
export const volume = 'var/lib/moorage';
/** As in packaging/container/Containerfile. */
export const user = 65532;

const packed = ['dist', 'package.json', 'LICENSE', 'NOTICE'];

/** Unpacks `npm pack` of this checkout, or an archive that it made before, and answers the directory. */
export function packageDirectory(scratch, archive) {
  const made =
    archive ?? join(scratch, run('npm', ['pack', '--silent', '--pack-destination', scratch]).toString().trim());
  run('tar', ['-xzf', made, '-C', scratch]);
  return join(scratch, 'package');
}

/**
 * npm takes what its cache has, and the rest from its registry; no script of a package is run. Answers the files, and the list of all
 * packages that are there (CycloneDX).
 */
export function applicationOf(directory, architecture, scratch) {
  const project = join(scratch, `dependencies-${architecture}`);
  mkdirSync(project, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(name, join(project, name));
  const cpu = architecture === 'amd64' ? 'x64' : architecture;
  const platform = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc'];
  const quiet = ['--silent', '--no-audit', '--no-fund', '--prefer-offline'];
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', ...platform, ...quiet], { cwd: project });
  const files = new Files();
  for (const name of packed) {
    if (name === 'dist') files.tree(join(directory, name), `${home}/${name}`);
    else files.file(`${home}/${name}`, readFileSync(join(directory, name)));
  }
  // npm's own notes of the tree, and the commands of packages, are of no use to a server.
  const wanted = (name) => name !== '.package-lock.json' && !/(?:^|\/)\.bin(?:\/|$)/.test(name);
  files.tree(join(project, 'node_modules'), `${home}/node_modules`, wanted);
  files.file(`${home}/healthcheck.cjs`, readFileSync('packaging/container/healthcheck.cjs'));
  // Exists before the volume does, so that a new volume belongs to the user.
  files.directory(volume, { owner: user });
  return { files, packages: packagesOf(project) };
}

/** Without what is only for development, `npm sbom` takes the tree for broken as long as package.json asks for that. */
function packagesOf(project) {
  const { devDependencies, ...manifest } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  return JSON.parse(run('npm', ['sbom', '--sbom-format', 'cyclonedx'], { cwd: project }).toString());
}
