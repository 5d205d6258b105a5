// What a collection costs, and what others feel of it: 1,000 of 10,000 manifests with 50,000 blobs, while clients pull and push. Its own
// script, since no peer deletes so beside pushes: npm run bench:collect [-- --rounds N] [--short]. Its report goes beside the others.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { HttpConnection } from './client/http-connection.ts';
import { descriptorOf, OCI_MANIFEST } from './content/image.ts';
import { writeLayout } from './content/layout-tree.ts';
import { type Repository, tagName } from './content/repository.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { RunningServer } from './running-server.ts';
import type { Startable } from './servers/contestant.ts';

const checkout = process.cwd();
const name = 'team/app';
const quietMs = 5_000;
const longestMs = 300_000;

interface Latencies {
  readonly pulls: number[];
  readonly pushes: number[];
}

interface Round {
  readonly collectionMs: number;
  readonly before: Latencies;
  readonly meanwhile: Latencies;
}

/** Five blobs of its own for each manifest, config included. */
function repositoryOf(from: number, count: number): Repository {
  const blobs: Buffer[] = [];
  const manifestOf = new Map<string, Buffer>();
  for (let serial = from; serial < from + count; serial += 1) {
    const own = Array.from({ length: 5 }, (_, part) => Buffer.from(`{"blob":"${part} of image ${serial}"}`));
    const [config, ...layers] = own.map((bytes, at) =>
      descriptorOf(`application/vnd.oci.image.${at === 0 ? 'config.v1+json' : 'layer.v1.tar'}`, bytes),
    );
    blobs.push(...own);
    manifestOf.set(
      tagName(serial),
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers })),
    );
  }
  return { name, manifestOf, blobs };
}

function serverOf(grace: string, every: string): Startable {
  return {
    name: 'moorage',
    command: ({ root, port }) => ({
      file: process.execPath,
      args: [join(checkout, 'dist/main.js'), 'serve', '--root', root, '--listen', `127.0.0.1:${port}`],
      env: {
        MOORAGE_LOG_REQUESTS: 'false',
        MOORAGE_GC_GRACE: grace,
        MOORAGE_GC_EVERY: every,
        MOORAGE_SCRUB_EVERY: 'off',
      },
    }),
  };
}

/** A root that moorage created, with what nothing leads to beside what tags lead to. */
async function prepare(root: string, scratch: string, kept: number, free: number): Promise<Repository> {
  const server = await RunningServer.start(serverOf('1s', 'off'), root, scratch, '/v2/');
  await server.stop();
  const repository = repositoryOf(0, kept);
  const aside = join(scratch, 'aside');
  writeLayout(aside, repositoryOf(kept, free));
  writeLayout(root, repository);
  const [from, to] = [aside, root].map((each) => join(each, name, 'blobs/sha256'));
  if (from !== undefined && to !== undefined)
    for (const file of readdirSync(from)) cpSync(join(from, file), join(to, file));
  rmSync(aside, { recursive: true });
  return repository;
}

/** Four clients that pull by tag and ask for blobs, and one that pushes tags, each as fast as it is answered. */
function load(port: number, repository: Repository): { stop(): Promise<void>; take(): Latencies } {
  let taken: Latencies = { pulls: [], pushes: [] };
  let isOver = false;
  const tags = [...repository.manifestOf];
  const timed = async (into: 'pulls' | 'pushes', work: () => Promise<{ readonly status: number }>) => {
    const begin = performance.now();
    const { status } = await work();
    if (status >= 300) throw new Error(`status ${status}`);
    taken[into].push(performance.now() - begin);
  };
  const pulling = async (first: number) => {
    const connection = new HttpConnection(port);
    for (let at = first; !isOver; at += 7) {
      const [tag = '', manifest = Buffer.alloc(0)] = tags[at % tags.length] ?? [];
      await timed('pulls', () =>
        connection.request('GET', `/v2/${name}/manifests/${tag}`, `Accept: ${OCI_MANIFEST}\r\n`),
      );
      const { layers } = JSON.parse(manifest.toString()) as { layers: { digest: string }[] };
      await timed('pulls', () => connection.request('HEAD', `/v2/${name}/blobs/${layers[at % layers.length]?.digest}`));
    }
    connection.close();
  };
  const pushing = async () => {
    const connection = new HttpConnection(port);
    const headers = `Content-Type: ${OCI_MANIFEST}\r\n`;
    for (let at = 0; !isOver; at += 1) {
      const [, manifest = Buffer.alloc(0)] = tags[at % tags.length] ?? [];
      await timed('pushes', () =>
        connection.request('PUT', `/v2/${name}/manifests/moving-${at % 10}`, headers, [manifest]),
      );
    }
    connection.close();
  };
  const clients = Promise.all([...[0, 1, 2, 3].map(pulling), pushing()]);
  return {
    stop: async () => {
      isOver = true;
      await clients;
    },
    take: () => {
      const was = taken;
      taken = { pulls: [], pushes: [] };
      return was;
    },
  };
}

async function round(scratch: string, kept: number, free: number): Promise<Round> {
  const root = join(scratch, 'root');
  mkdirSync(root);
  const repository = await prepare(root, scratch, kept, free);
  const stored = () => readdirSync(join(root, name, 'blobs/sha256')).length;
  const all = kept * 6;
  // Until what is free is older than the grace, and the tags were read once.
  const grace = '15s';
  await sleep(15_000);
  const server = await RunningServer.start(serverOf(grace, '1h'), root, scratch, `/v2/${name}/manifests/${tagName(0)}`);
  const clients = load(server.port, repository);
  await sleep(1_000);
  clients.take();
  await sleep(quietMs);
  const before = clients.take();
  const log = join(scratch, 'moorage.log');
  // A server collects for the first time once a grace has passed.
  const isOver = () => readFileSync(log, 'utf8').includes('collected what nothing leads to');
  const begun = await until(() => stored() < all + free * 6 || isOver());
  clients.take();
  const ended = await until(isOver);
  const meanwhile = clients.take();
  await clients.stop();
  await server.stop();
  if (stored() !== all) throw new Error(`${stored()} blobs are left of ${all}`);
  rmSync(root, { recursive: true });
  return { collectionMs: ended - begun, before, meanwhile };
}

async function until(holds: () => boolean): Promise<number> {
  for (const limit = performance.now() + longestMs; performance.now() < limit; await sleep(20)) {
    if (holds()) return performance.now();
  }
  throw new Error('the collection did not come to its end');
}

function percentile(figures: readonly number[], share: number): string {
  const sorted = [...figures].sort((one, other) => one - other);
  const figure = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return figure === undefined ? '-' : `${figure.toFixed(1)} ms`;
}

function lines(title: string, { pulls, pushes }: Latencies): readonly string[] {
  return [['pulls', pulls] as const, ['pushes', pushes] as const].map(
    ([what, figures]) =>
      `| ${what}, ${title} | ${percentile(figures, 0.5)} | ${percentile(figures, 0.99)} | ${percentile(figures, 1)} | ${figures.length} |`,
  );
}

const { values } = parseArgs({ options: { rounds: { type: 'string' }, short: { type: 'boolean', default: false } } });
const rounds = Number(values.rounds ?? (values.short ? 1 : 3));
const [kept, free] = values.short ? [900, 100] : [9_000, 1_000];
const scratch = mkdtempSync(join(tmpdir(), 'moorage-collect-'));
try {
  const measured: Round[] = [];
  for (let at = 0; at < rounds; at += 1) measured.push(await round(scratch, kept, free));
  const times = measured.map(({ collectionMs }) => `${(collectionMs / 1_000).toFixed(1)} s`).join(', ');
  const joined = (which: 'before' | 'meanwhile'): Latencies => ({
    pulls: measured.flatMap((each) => each[which].pulls),
    pushes: measured.flatMap((each) => each[which].pushes),
  });
  const machine = describeMachine(scratch);
  const report = [
    '# A collection beside requests',
    '',
    `${free} of ${kept + free} manifests of one repository, and their 5 blobs each, are deleted by the server while four clients pull and one pushes`,
    'tags, each as fast as it is answered, on the same machine. Written by `npm run bench:collect`.',
    '',
    `Commit ${describeCommit(checkout)}, Node ${process.versions.node}, ${machine.cpu}, ${machine.fileSystem}, ${machine.kernel}.`,
    '',
    `From the first file that went to the end: ${times}.`,
    '',
    '| Requests | Median | p99 | Longest | Count |',
    '|---|---|---|---|---|',
    ...lines('before', joined('before')),
    ...lines('meanwhile', joined('meanwhile')),
    '',
  ].join('\n');
  process.stdout.write(report);
  if (!values.short) writeFileSync(join(checkout, 'bench/results/collection.md'), report);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
