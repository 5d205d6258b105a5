// How far one has to walk to follow a request: the files and functions of src that it enters, counted by V8 while the compiled
// program answers it; frameworks are left out. What each of several runs entered counts: background work joins in now and then.
//
//   npm run walks                             of this checkout
//   node scripts/count-walks.mjs DIST [-v]    of another one's dist/; -v lists them
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [dist = 'dist', verbose] = process.argv.slice(2);
const compiled = resolve(dist);
const runs = 7;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

const { createRegistry } = await import(pathToFileURL(join(compiled, 'index.js')));
const { runCommandLine } = await import(pathToFileURL(join(compiled, 'cli', 'command-line.js')));

/** The functions that `walk` enters, as `file:function@offset`. The body of a module, which runs as it is loaded, is none of them. */
async function entered(walk) {
  await session.post('Profiler.takePreciseCoverage');
  await walk();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result.flatMap(({ url, functions }) => {
    const file = url.startsWith('file:') ? relative(compiled, fileURLToPath(url)) : '..';
    if (file.startsWith('..')) return [];
    return functions
      .filter(({ functionName, ranges: [range] }) => range.count > 0 && (functionName !== '' || range.startOffset > 0))
      .map(({ functionName, ranges: [range] }) => `${file}:${functionName}@${range.startOffset}`);
  });
}

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const directory = mkdtempSync(join(tmpdir(), 'walks-'));
const registry = await createRegistry({ root: join(directory, 'store') });
const { url } = await registry.listen();

async function ask(method, path, { body, type, base = url } = {}) {
  const headers = type === undefined ? {} : { 'content-type': type };
  const answer = await fetch(new URL(path, base), { method, headers, body });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
  return answer;
}

const startUpload = async (name) => (await ask('POST', `/v2/${name}/blobs/uploads/`)).headers.get('location');
const closeUpload = (location, digest, body) => ask('PUT', `${location}?digest=${digest}`, { body });

async function pushBlob(name, bytes) {
  await closeUpload(await startUpload(name), digestOf(bytes), bytes);
  return { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
}

/** An image of one layer, or an artifact about one. */
async function imageOf(name, subject) {
  const [config, layer] = [await pushBlob(name, Buffer.from('{}')), await pushBlob(name, randomBytes(2_000))];
  const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer], subject };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { bytes, descriptor: { mediaType: manifestType, digest: digestOf(bytes), size: bytes.length } };
}

async function pushImage(name, tag) {
  const { bytes, descriptor } = await imageOf(name);
  await ask('PUT', `/v2/${name}/manifests/${tag}`, { body: bytes, type: manifestType });
  return descriptor;
}

async function exportTo(target, tag) {
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) stream.write = () => true;
  try {
    const status = await runCommandLine(['export', `${join(directory, 'store', 'team', 'app')}:${tag}`, target], {});
    if (status !== 0) throw new Error(`export: ${status}`);
  } finally {
    // What hides the stream's own method goes.
    for (const stream of streams) delete stream.write;
  }
}

const archive = join(directory, 'app.tar');
/** Each makes ready what it needs and returns the walk itself. */
const walks = {
  'POST upload': async () => () => startUpload('team/app'),
  'PATCH a chunk': async () => {
    const location = await startUpload('team/app');
    await ask('PATCH', location, { body: randomBytes(1_000) });
    return () => ask('PATCH', location, { body: randomBytes(1_000) });
  },
  'PUT close': async () => {
    const bytes = randomBytes(1_000);
    const location = await startUpload('team/app');
    await ask('PATCH', location, { body: bytes });
    return () => closeUpload(location, digestOf(bytes));
  },
  'PUT manifest with subject': async () => {
    const { bytes } = await imageOf('team/app', await pushImage('team/app', 'subject'));
    return () => ask('PUT', `/v2/team/app/manifests/${digestOf(bytes)}`, { body: bytes, type: manifestType });
  },
  'GET manifest, warm': async () => {
    await ask('GET', '/v2/team/app/manifests/v1');
    return () => ask('GET', '/v2/team/app/manifests/v1');
  },
  'export of an image': async () => async () => {
    await exportTo(archive, 'v1');
  },
  'start to serve a tar': async () => async () => {
    opened.push(await createRegistry({ paths: [archive] }));
  },
  'GET manifest of a tar, cold': async () => {
    const served = await createRegistry({ paths: [archive] });
    opened.push(served);
    const { url: base } = await served.listen();
    return () => ask('GET', '/v2/app/manifests/v1', { base });
  },
};

const opened = [];
const rows = [];
try {
  await pushImage('team/app', 'v1');
  for (const [name, prepare] of Object.entries(walks)) {
    let always;
    for (let run = 0; run < runs; run += 1) {
      const walk = await prepare();
      // What goes on in the background after a push has ended by then.
      await sleep(300);
      const functions = new Set(await entered(walk));
      always = [...(always ?? functions)].filter((each) => functions.has(each));
    }
    const files = [...new Set(always.map((each) => each.slice(0, each.indexOf(':'))))].sort();
    rows.push({ walk: name, files: files.length, functions: always.length });
    if (verbose === '-v') console.log(`${name}\n${always.map((each) => `  ${each}`).join('\n')}`);
  }
} finally {
  await Promise.all([registry, ...opened].map((each) => each.close()));
  rmSync(directory, { recursive: true, force: true });
}
console.table(Object.fromEntries(rows.map(({ walk, ...counts }) => [walk, counts])));
