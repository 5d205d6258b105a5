// What TLS costs: pulls and pushes of one blob, and GETs of a manifest, over plain HTTP, HTTPS and HTTP/2 in the same run. Its own script,
// since no peer takes part: npm run bench:tls [-- --rounds N] [--short]. Needs curl. Writes bench/results/tls.md.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { descriptorOf, digestOf, OCI_MANIFEST } from './content/image.ts';
import { writeLayout } from './content/layout-tree.ts';
import { randomBytesOf } from './content/random-bytes.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { cpuSecondsOf } from './process-usage.ts';
import { freePort } from './running-server.ts';
import { spreadOf } from './statistics.ts';

const checkout = process.cwd();
const main = join(checkout, 'dist/main.js');
const name = 'team/app';
const startMs = 30_000;

const ways = ['HTTP', 'HTTPS', 'HTTP/2'] as const;
type Way = (typeof ways)[number];

interface Server {
  readonly way: Way;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

interface Workload {
  readonly title: string;
  /** Of curl, after those that name the CA and the protocol; a new blob for each push. */
  args(url: string, round: number): readonly string[];
}

async function startServer(way: Way, scratch: string): Promise<Server> {
  const port = await freePort();
  const tls = {
    MOORAGE_SERVER_TLS_CERTIFICATE: join(scratch, 'tls/server.crt'),
    MOORAGE_SERVER_TLS_KEY: join(scratch, 'tls/server.key'),
    MOORAGE_SERVER_TLS_HTTP2: String(way === 'HTTP/2'),
  };
  const log = openSync(join(scratch, `${port}.log`), 'w');
  const root = join(scratch, `registry-${way.replace('/', '')}`);
  const child = spawn(process.execPath, [main, 'serve', '--root', root, '--port', String(port)], {
    env: { PATH: process.env.PATH, MOORAGE_LOG_REQUESTS: 'false', ...(way === 'HTTP' ? {} : tls) },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  const server = { way, url: `${way === 'HTTP' ? 'http' : 'https'}://localhost:${port}`, pid: child.pid ?? 0, stop };
  for (const deadline = Date.now() + startMs; ; await sleep(50)) {
    if (tryCurl(server, scratch, [`${server.url}/readyz`])) return server;
    if (Date.now() > deadline)
      throw new Error(`moorage does not answer: ${readFileSync(join(scratch, `${port}.log`))}`);
  }
}

function tryCurl({ way }: Pick<Server, 'way'>, scratch: string, args: readonly string[]): boolean {
  const protocol = way === 'HTTP/2' ? '--http2' : '--http1.1';
  const given = ['-sSf', protocol, '--cacert', join(scratch, 'tls/ca.crt'), '-o', '/dev/null', ...args];
  return spawnSync('curl', given, { stdio: 'ignore' }).status === 0;
}

interface Figures {
  readonly ms: number[];
  readonly cpuMs: number[];
}

function measure(server: Server, scratch: string, args: readonly string[], figures: Figures): void {
  const cpuBefore = cpuSecondsOf(server.pid);
  const begun = performance.now();
  if (!tryCurl(server, scratch, args)) throw new Error(`curl ${args.join(' ')} failed over ${server.way}`);
  figures.ms.push(performance.now() - begun);
  figures.cpuMs.push((cpuSecondsOf(server.pid) - cpuBefore) * 1000);
}

function workloadsOf(scratch: string, blobMiB: number, gets: number): readonly Workload[] {
  const digest = digestOf(readFileSync(join(scratch, 'blob')));
  const times = Math.ceil(400 / blobMiB);
  return [
    {
      title: `GET of a blob of ${blobMiB} MiB, ${times} times on one connection`,
      args: (url) =>
        [
          '-g',
          ...Array(times)
            .fill(`${url}/v2/${name}/blobs/${digest}`)
            .flatMap((each) => [each, '-o', '/dev/null']),
        ].slice(0, -2),
    },
    {
      title: `POST of a new blob of ${blobMiB} MiB`,
      args: (url, round) => {
        const file = join(scratch, `pushed-${round}`);
        const bytes = randomBytesOf(round + 2, blobMiB * 2 ** 20);
        writeFileSync(file, bytes);
        const upload = `${url}/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`;
        return ['-X', 'POST', '-H', 'Content-Type: application/octet-stream', '--data-binary', `@${file}`, upload];
      },
    },
    {
      title: `GET of a manifest, ${gets} times on one connection`,
      args: (url) => [`${url}/v2/${name}/manifests/v1?n=[1-${gets}]`],
    },
  ];
}

function ratio(figures: ReadonlyMap<Way, Figures>, way: Way, of: keyof Figures): string {
  const [mine, plain] = [figures.get(way)?.[of] ?? [], figures.get('HTTP')?.[of] ?? []];
  const spread = spreadOf(mine.map((each, at) => each / Math.max(plain[at] ?? 1, 1)));
  return spread === undefined
    ? '-'
    : `${spread.median.toFixed(2)} (${spread.min.toFixed(2)} to ${spread.max.toFixed(2)})`;
}

function lineOf(title: string, figures: ReadonlyMap<Way, Figures>): readonly string[] {
  return ways.map((way) => {
    const ms = spreadOf(figures.get(way)?.ms ?? [])?.median ?? 0;
    const cpu = spreadOf(figures.get(way)?.cpuMs ?? [])?.median ?? 0;
    const ratios = way === 'HTTP' ? '1 | 1' : `${ratio(figures, way, 'ms')} | ${ratio(figures, way, 'cpuMs')}`;
    return `| ${title} | ${way} | ${ms.toFixed(0)} ms | ${cpu.toFixed(0)} ms | ${ratios} |`;
  });
}

async function report(scratch: string, rounds: number, short: boolean): Promise<string> {
  const blobMiB = short ? 10 : 100;
  const blob = randomBytesOf(1, blobMiB * 2 ** 20);
  writeFileSync(join(scratch, 'blob'), blob);
  const made = spawnSync(process.execPath, [main, 'tls', 'init', '--dir', join(scratch, 'tls')], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  const layer = descriptorOf('application/vnd.oci.image.layer.v1.tar', blob);
  const config = descriptorOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
  const image = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
  const manifest = Buffer.from(JSON.stringify(image));
  for (const way of ways) {
    const root = join(scratch, `registry-${way.replace('/', '')}`);
    writeLayout(root, { name, blobs: [blob, Buffer.from('{}')], manifestOf: new Map([['v1', manifest]]) });
  }
  const servers: Server[] = [];
  const lines: string[] = [];
  try {
    for (const way of ways) servers.push(await startServer(way, scratch));
    for (const { title, args } of workloadsOf(scratch, blobMiB, short ? 100 : 2_000)) {
      const figures = new Map(ways.map((way): [Way, Figures] => [way, { ms: [], cpuMs: [] }]));
      // The first round warms caches and compiles.
      for (let round = 0; round <= rounds; round += 1) {
        // Another one first each time.
        for (let turn = 0; turn < servers.length; turn += 1) {
          const server = servers[(turn + round) % servers.length] as Server;
          const kept = round === 0 ? { ms: [], cpuMs: [] } : (figures.get(server.way) as Figures);
          measure(server, scratch, args(server.url, round), kept);
        }
      }
      lines.push(...lineOf(title, figures));
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  const machine = describeMachine(scratch);
  return [
    '# What TLS costs',
    '',
    'By curl over the loopback, servers in turn in each round; ratios are those to plain HTTP inside a round, median (range). Below 1 is faster. Over plain',
    'HTTP blobs leave by sendfile, which TLS cannot use. Written by `npm run bench:tls`.',
    '',
    `Commit ${describeCommit(checkout)}, Node ${process.versions.node}, ${machine.cpu}, ${machine.fileSystem}, ${machine.kernel}, ${rounds} rounds.`,
    '',
    '| What | Way | Time, median | CPU of the server | Time to HTTP | CPU to HTTP |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

const { values } = parseArgs({ options: { rounds: { type: 'string' }, short: { type: 'boolean', default: false } } });
const scratch = mkdtempSync(join(tmpdir(), 'moorage-tls-'));
try {
  const text = await report(scratch, Number(values.rounds ?? (values.short ? 1 : 7)), values.short);
  process.stdout.write(text);
  if (!values.short) writeFileSync(join(checkout, 'bench/results/tls.md'), text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
