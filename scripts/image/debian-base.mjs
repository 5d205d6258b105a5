// A base of Node and the libraries that it needs: Node from npm's package for the platform, the libraries from packages of Debian. For another
// architecture apt gets lists of its own, so that the machine's configuration stays as it is.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { run } from './commands.mjs';
import { collected, Files, plainMode } from './layer.mjs';

/** What node and koffi ask for (`readelf -d`); libatomic since Node 25. */
const libraries = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];
/** Libraries, where the loader looks for them, and licences, which two packages have from another one. */
const taken = /^(?:usr\/lib\w*|etc\/ld\.so\.conf\.d)\/|^usr\/share\/doc\/(?:[^/]+$|.*\/copyright$)/;
/** Tables of other character sets: Node has its own. */
const leftOut = /\/gconv\//;

const usersFile = 'root:x:0:0:root:/root:/sbin/nologin\nmoorage:x:65532:65532:moorage:/var/lib/moorage:/sbin/nologin\n';

/** Answers the files and what they are of, as components of CycloneDX. */
export async function debianBase(architecture, nodeVersion, scratch) {
  const directory = join(scratch, `base-${architecture}`);
  mkdirSync(directory, { recursive: true });
  const files = new Files();
  const components = [nodeOf(architecture, nodeVersion, directory, files)];
  for (const archive of downloaded(architecture, directory)) {
    components.push(describedBy(archive));
    await unpack(archive, files);
  }
  // As on every Debian now: packages of Debian 12 still have files in /lib.
  for (const name of ['lib', 'lib64']) files.link(name, `usr/${name}`);
  files.directory('tmp', { mode: 0o1777 });
  files.file('etc/passwd', Buffer.from(usersFile));
  files.file('etc/group', Buffer.from('root:x:0:\nmoorage:x:65532:\n'));
  files.file('etc/nsswitch.conf', Buffer.from('hosts: files dns\n'));
  return { files, components };
}

function nodeOf(architecture, version, directory, files) {
  const name = `node-linux-${architecture === 'amd64' ? 'x64' : architecture}`;
  const archive = run('npm', ['pack', '--silent', '--prefer-offline', `${name}@${version}`], { cwd: directory });
  run('tar', ['-xzf', archive.toString().trim()], { cwd: directory });
  files.file('usr/local/bin/node', readFileSync(join(directory, 'package/bin/node')), 0o755);
  files.file('usr/local/share/doc/node/LICENSE', readFileSync(join(directory, 'package/LICENSE')));
  const purl = `pkg:npm/${name}@${version}`;
  return { type: 'application', name: 'node', version, purl, licenses: [{ license: { id: 'MIT' } }] };
}

function downloaded(architecture, directory) {
  const own = run('dpkg', ['--print-architecture']).toString().trim();
  const options = own === architecture ? [] : listsOf(architecture, directory);
  const archives = () => readdirSync(directory).filter((name) => name.endsWith('.deb'));
  run('apt-get', [...options, 'download', ...libraries], { cwd: directory });
  const gcc = archives().find((name) => name.startsWith('libgcc-s1_'));
  const [licences] = /gcc-\d+-base/.exec(run('dpkg-deb', ['--field', join(directory, gcc), 'Depends']).toString());
  run('apt-get', [...options, 'download', licences], { cwd: directory });
  return archives()
    .sort()
    .map((name) => join(directory, name));
}

function listsOf(architecture, directory) {
  const apt = join(directory, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, name), { recursive: true });
  const settings = [`APT::Architecture=${architecture}`, `APT::Architectures::=${architecture}`, `Dir::State=${apt}`];
  const places = [`Dir::State::Lists=${apt}/lists`, `Dir::Cache=${apt}/cache`, 'Dir::State::status=/dev/null'];
  const options = [...settings, ...places, 'Acquire::Languages=none'].flatMap((setting) => ['-o', setting]);
  run('apt-get', [...options, '--quiet', 'update']);
  return options;
}

function describedBy(archive) {
  const text = run('dpkg-deb', ['--field', archive]).toString();
  const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const version = field('Version');
  const purl = `pkg:deb/debian/${encodeURIComponent(field('Package'))}@${encodeURIComponent(version)}?arch=${field('Architecture')}`;
  return { type: 'library', name: field('Package'), version, purl };
}

async function unpack(archive, files) {
  const entries = extract();
  entries.end(run('dpkg-deb', ['--fsys-tarfile', archive]));
  for await (const entry of entries) {
    const { name, type, mode, linkname } = entry.header;
    const path = name.replace(/^\.\//, '').replace(/^lib(?=\w*\/)/, 'usr/lib');
    const bytes = await collected(entry);
    if (type === 'directory' || !taken.test(path) || leftOut.test(path)) continue;
    if (type === 'file') files.file(path, bytes, plainMode(mode));
    else if (type === 'symlink') files.link(path, linkname);
    else throw new Error(`${archive}: ${path} is a ${type}, which no layer is made of here`);
  }
}
