// Makes the base images for the Containerfile without any registry: FROM scratch, with the libraries that the machine's own node needs; and
// on top of that node and npm, a busybox shell and the CA certificates.

import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Missing } from './checks.ts';
import { runCommand } from './command.ts';
import type { DockerEngine } from './docker-engine.ts';
import type { Machine } from './machine.ts';
import { projectFile } from './project-files.ts';

/** Where the certificates are inside the base image. */
export const certificatesPath = '/etc/ssl/certs/ca-certificates.crt';

export interface BaseImages {
  /** With node, npm and a shell. */
  readonly node: string;
  /** What runs node. */
  readonly runtime: string;
}

/** Builds both, under these names. */
export async function buildBaseImages(machine: Machine, engine: DockerEngine, tags: BaseImages): Promise<void> {
  const busybox = machine.executable('busybox');
  if (busybox === undefined) throw new Missing('busybox is not installed (Debian: busybox-static)');
  const context = join(machine.scratch, 'base-image');
  const root = join(context, 'root');
  const put = async (from: string, to: string, below = root) => {
    await mkdir(dirname(join(below, to)), { recursive: true });
    await cp(from, join(below, to), { recursive: true, dereference: true });
  };
  await put(busybox, '/bin/busybox');
  await put(process.execPath, '/usr/local/bin/node');
  await put(await npmDirectory(machine), '/usr/local/lib/node_modules/npm');
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  await symlink('../lib/node_modules/npm/bin/npx-cli.js', join(root, 'usr/local/bin/npx'));
  for (const library of await librariesOf(machine, [process.execPath, ...(await nativeModules())])) {
    await put(library, library, join(context, 'runtime'));
  }
  await put(await certificates(machine), certificatesPath);
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  for (const name of ['root', 'tmp']) await mkdir(join(root, name));
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  await engine.build(context, ['--target', 'runtime', '--tag', tags.runtime]);
  await engine.build(context, ['--tag', tags.node]);
}

// npm's scripts start with `#!/usr/bin/env node`.
const dockerfile = `FROM scratch AS runtime
COPY runtime/ /
FROM runtime
COPY root/ /
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && /bin/mkdir -p /usr/bin && /bin/ln -s /bin/busybox /usr/bin/env && /bin/chmod 1777 /tmp"]
ENV PATH=/usr/local/bin:/usr/bin:/bin
`;

/** npm's own directory: the one that runs this, else the machine's. */
async function npmDirectory(machine: Machine): Promise<string> {
  const running = process.env.npm_execpath;
  if (running?.endsWith('npm-cli.js')) return dirname(dirname(running));
  const { stdout } = await runCommand('npm', ['root', '--global'], { env: { ...machine.env, PATH: ownPath() } });
  return join(stdout.trim(), 'npm');
}

function ownPath(): string {
  return process.env.PATH ?? '';
}

/** The shared libraries, and the loader, that the programs need: every absolute path that ldd prints. */
async function librariesOf(machine: Machine, programs: readonly string[]): Promise<string[]> {
  const libraries = new Set<string>();
  for (const program of programs) {
    const { stdout } = await runCommand('ldd', [program], { env: machine.env });
    for (const [, path] of stdout.matchAll(/(?:=>\s+|^\s+)(\/\S+)/gm)) if (path !== undefined) libraries.add(path);
  }
  return [...libraries];
}

/** The native parts of the production dependencies that this machine's C library can load. */
async function nativeModules(): Promise<string[]> {
  const packages = projectFile('node_modules/@koromix');
  const found: string[] = [];
  for (const entry of await readdir(packages, { recursive: true }).catch(() => [])) {
    if (entry.endsWith('.node') && !entry.includes('musl')) found.push(join(packages, entry));
  }
  return found;
}

async function certificates(machine: Machine): Promise<string> {
  for (const path of [process.env.NODE_EXTRA_CA_CERTS, process.env.SSL_CERT_FILE, certificatesPath]) {
    if (path !== undefined && path !== '' && (await isReadable(path))) return path;
  }
  throw new Missing(`no CA certificates on the machine (looked from ${machine.scratch})`);
}

async function isReadable(path: string): Promise<boolean> {
  return await readFile(path).then(
    () => true,
    () => false,
  );
}
