// Makes the container image of this checkout as an OCI image layout, without an engine: the package, its production dependencies and Node, for
// each platform, and a list of what is in it as a referrer. The same checkout, base and time make the same bytes.
//
//   node scripts/build-image.mjs OUT [--platform linux/amd64,linux/arm64] [--base LAYOUT] [--package FILE] [--node-version VERSION]
//
//   OUT             the layout's directory, which must not have one yet
//   --base          an OCI layout of one image that has node; without it, Node from npm and libraries of Debian (needs dpkg-deb, apt-get)
//   --package       what `npm pack` made; without it, it is made now
//   --node-version  of a base that is made here
//
// SOURCE_DATE_EPOCH: the time of every file, in seconds; unless set, that of the last commit.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { applicationOf, home, packageDirectory, user, volume } from './image/application.mjs';
import { billOf, billType } from './image/bill.mjs';
import { run } from './image/commands.mjs';
import { debianBase } from './image/debian-base.mjs';
import { layerOf } from './image/layer.mjs';
import { baseOf, types, WrittenLayout } from './image/layout.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    platform: { type: 'string', default: 'linux/amd64' },
    base: { type: 'string' },
    package: { type: 'string' },
    'node-version': { type: 'string', default: '24.21.0' },
  },
});
const [out] = positionals;
if (out === undefined || positionals.length > 1) throw new Error('one OUT, the directory of the layout, is needed');

const architectures = values.platform.split(',').map((platform) => {
  const [, architecture] = /^linux\/(amd64|arm64)$/.exec(platform) ?? [];
  if (architecture === undefined) throw new Error(`${platform}: there is an image for linux/amd64 and linux/arm64`);
  return architecture;
});
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? run('git', ['log', '-1', '--format=%ct']).toString());
if (!Number.isSafeInteger(seconds)) throw new Error('SOURCE_DATE_EPOCH is no number of seconds');
const created = new Date(seconds * 1000).toISOString();
const { version, description } = JSON.parse(readFileSync('package.json', 'utf8'));
const labels = {
  'org.opencontainers.image.title': 'moorage',
  'org.opencontainers.image.description': description,
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.source': 'https://github.com/moorage/moorage',
  'org.opencontainers.image.licenses': 'Apache-2.0',
  'org.opencontainers.image.created': created,
};

const scratch = mkdtempSync(join(tmpdir(), 'moorage-image-'));
try {
  const layout = new WrittenLayout(resolve(out));
  const directory = packageDirectory(scratch, values.package);
  const made = [];
  for (const architecture of architectures) made.push(await imageOf(layout, directory, architecture));
  const manifests = made.map(({ descriptor }) => descriptor);
  const index = layout.json(types.index, { schemaVersion: 2, mediaType: types.index, manifests, annotations: labels });
  layout.entry({ ...index, annotations: { 'org.opencontainers.image.ref.name': version } });
  for (const { descriptor, bill } of made) {
    const { platform, ...image } = descriptor;
    // Who asks for the tag asks for the index.
    for (const subject of [image, index]) layout.entry(referrer(layout, subject, bill, platform.architecture));
  }
  layout.close();
  for (const { descriptor, bytes } of made) {
    const { architecture } = descriptor.platform;
    console.log(`linux/${architecture}  ${descriptor.digest}  ${(bytes / 1e6).toFixed(1)} MB compressed`);
  }
  console.log(`${version}  ${index.digest}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function imageOf(layout, directory, architecture) {
  const { files, packages } = applicationOf(directory, architecture, scratch);
  const base = await chosenBase(layout, architecture);
  const layer = await layerOf(files, seconds);
  const layers = [...base.layers, layout.blob(types.layer, layer.bytes)];
  const rootfs = { type: 'layers', diff_ids: [...base.diffIds, layer.diffId] };
  const history = [...base.history, { created, created_by: 'moorage and its production dependencies' }];
  const config = layout.json(types.config, {
    ...{ created, architecture, os: 'linux' },
    ...(architecture === 'arm64' ? { variant: 'v8' } : {}),
    config: configOf(base.config),
    ...{ rootfs, history },
  });
  const annotations = { ...labels, ...base.annotations };
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers, annotations };
  const platform = { architecture, os: 'linux', ...(architecture === 'arm64' ? { variant: 'v8' } : {}) };
  return {
    descriptor: { ...layout.json(types.manifest, manifest), platform },
    bytes: layers.reduce((sum, { size }) => sum + size, config.size),
    bill: billOf(packages, base.components, seconds),
  };
}

async function chosenBase(layout, architecture) {
  if (values.base === undefined) {
    const { files, components } = await debianBase(architecture, values['node-version'], scratch);
    const layer = await layerOf(files, seconds);
    return {
      ...{ components, config: {}, annotations: {} },
      layers: [layout.blob(types.layer, layer.bytes)],
      diffIds: [layer.diffId],
      history: [{ created, created_by: `Node ${values['node-version']} and libraries of Debian` }],
    };
  }
  const { digest, layers, config, read } = baseOf(resolve(values.base), architecture);
  for (const descriptor of layers) layout.blob(descriptor.mediaType, read(descriptor));
  return {
    ...{ layers, diffIds: config.rootfs.diff_ids, history: config.history ?? [], config: config.config ?? {} },
    annotations: { 'org.opencontainers.image.base.digest': digest },
    // What the base says of itself is to be had beside it.
    components: [{ type: 'container', name: 'base image', version: digest }],
  };
}

/** As packaging/container/Containerfile makes it. A base that runs its node by a path says where it is. */
function configOf({ Env = [], Entrypoint = [] }) {
  const isPlaced = /^\/.*\/node$/.test(Entrypoint[0] ?? '');
  const node = isPlaced ? Entrypoint[0] : '/usr/local/bin/node';
  const path = Env.find((variable) => variable.startsWith('PATH='));
  return {
    User: `${user}:${user}`,
    Env: [
      path ?? 'PATH=/usr/local/bin:/usr/bin:/bin',
      'NODE_ENV=production',
      'MOORAGE_SERVER_LISTEN=:5000',
      `MOORAGE_STORAGE_ROOT=/${volume}`,
    ],
    Entrypoint: [node, `/${home}/dist/main.js`],
    Cmd: ['serve'],
    WorkingDir: `/${home}`,
    ExposedPorts: { '5000/tcp': {} },
    Volumes: { [`/${volume}`]: {} },
    StopSignal: 'SIGTERM',
    Labels: labels,
    // Not of the OCI's, and read by docker and podman: nanoseconds.
    Healthcheck: {
      Test: ['CMD', node, `/${home}/healthcheck.cjs`],
      ...{ Interval: 10e9, Timeout: 5e9, StartPeriod: 10e9, Retries: 3 },
    },
  };
}

/** An artifact manifest as image-spec 1.1 has it: the content is its only layer. */
function referrer(layout, subject, bill, architecture) {
  const empty = layout.blob(types.empty, Buffer.from('{}'));
  const title = `moorage-${version}-linux-${architecture}.cdx.json`;
  const layers = [{ ...layout.blob(billType, bill), annotations: { 'org.opencontainers.image.title': title } }];
  const annotations = { 'org.opencontainers.image.created': created };
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    artifactType: billType,
    config: empty,
    layers,
    subject,
  };
  return { ...layout.json(types.manifest, { ...manifest, annotations }), artifactType: billType };
}
