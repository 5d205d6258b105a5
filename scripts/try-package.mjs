// Tries a packed package as a stranger would: `npx` runs it from an empty directory, with a cache of its own, on a directory with an image,
// which is pulled by HTTP and compared. No script of a package is run; on the first Node without optional packages, too.
//
//   node scripts/try-package.mjs TARBALL NODE...      paths of the programs, each with npm's npx of this machine
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const [tarball, ...nodes] = process.argv.slice(2).map((path) => resolve(path));
if (nodes.length === 0) throw new Error('TARBALL and at least one NODE are needed');

const scratch = mkdtempSync(join(tmpdir(), 'moorage-try-'));
const types = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
try {
  const digest = writeImage(join(scratch, 'images/app'));
  await tryOn(nodes[0], ['--omit=optional'], digest);
  for (const node of nodes) await tryOn(node, [], digest);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** As small as an image is. Answers the digest of its manifest. */
function writeImage(directory) {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  const blob = (mediaType, content) => {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    writeFileSync(join(directory, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = blob('application/vnd.oci.image.config.v1+json', '{"architecture":"amd64","os":"linux","config":{}}');
  const layers = [blob('application/vnd.oci.image.layer.v1.tar', Buffer.alloc(100_000, 'moorage'))];
  const manifest = blob(types, JSON.stringify({ schemaVersion: 2, mediaType: types, config, layers }));
  const tagged = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [tagged] }));
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return manifest.digest;
}

async function tryOn(node, flags, digest) {
  const [bin, project] = ['bin', 'project'].map((name) => mkdtempSync(join(scratch, `${name}-`)));
  // `#!/usr/bin/env node` of npx, and of what it runs.
  symlinkSync(node, join(bin, 'node'));
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOORAGE_'))),
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    npm_config_cache: join(scratch, 'cache'),
    npm_config_engine_strict: 'true',
  };
  const args = [
    '--yes',
    '--ignore-scripts',
    ...flags,
    '--package',
    tarball,
    'moorage',
    'serve',
    join(scratch, 'images'),
    '--port',
    '0',
  ];
  // A group of its own, which gets the signal as a terminal's does with Ctrl-C: npx itself passes none on.
  const npx = spawn('npx', args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const closed = once(npx, 'close');
  let said = '';
  for (const stream of [npx.stdout, npx.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  try {
    const url = await addressOf(npx, () => said);
    const pulled = await pull(`${url}/v2/app`, digest);
    process.kill(-npx.pid, 'SIGINT');
    await closed;
    if (!said.includes('"msg":"stopped"')) throw new Error('the server did not stop by itself');
    const version = spawnSync(node, ['--version']).stdout.toString().trim();
    console.log(
      `npx moorage serve on Node ${version}${flags.map((flag) => ` ${flag}`).join('')}: ${pulled} bytes pulled`,
    );
  } catch (error) {
    if (npx.exitCode === null && npx.signalCode === null) process.kill(-npx.pid, 'SIGKILL');
    throw new Error(`${node} ${flags.join(' ')}: ${error.message}\n${said}`);
  }
}

async function addressOf(npx, read) {
  const ended = once(npx, 'close').then(() => true);
  for (;;) {
    const [, url] = /^ *address +(http:\/\/[^ ]+)/m.exec(read()) ?? [];
    if (url !== undefined) return url;
    if (await Promise.race([ended, once(npx.stdout, 'data').then(() => false)])) throw new Error('npx ended');
  }
}

/** Answers how many bytes came. */
async function pull(repository, digest) {
  const get = async (path, expected) => {
    const answer = await fetch(`${repository}/${path}`, { headers: { accept: types } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok || digestOf(bytes) !== expected) throw new Error(`${path}: ${answer.status}, ${digestOf(bytes)}`);
    return bytes;
  };
  const manifest = await get('manifests/v1', digest);
  const { config, layers } = JSON.parse(manifest.toString());
  let pulled = manifest.length;
  for (const blob of [config, ...layers]) pulled += (await get(`blobs/${blob.digest}`, blob.digest)).length;
  return pulled;
}
