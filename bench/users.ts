// What it costs to ask who somebody is: GETs of manifests with a token beside GETs of a server that asks nobody, and GETs while 64 users
// log in at once. Its own script, since the peers have other users: npm run bench:users [-- --rounds N] [--short]. Writes
// bench/results/users.md.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import bcrypt from 'bcryptjs';
import { OCI_MANIFEST } from './content/image.ts';
import { writeLayout } from './content/layout-tree.ts';
import { someTags, taggedRepository } from './content/repository.ts';
import { runWrk } from './load/wrk.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { RunningServer } from './running-server.ts';
import { spreadOf } from './statistics.ts';

const checkout = process.cwd();
const repository = taggedRepository('team/app', 100);
const paths = someTags(repository, 100).map((tag) => `/v2/team/app/manifests/${tag}`);
const users = Array.from({ length: 64 }, (_, at) => `user-${at}`);
const password = 'a password of some length';
/** As `moorage user add` and `htpasswd -B` make them, or stronger. */
const bcryptCost = 10;

function writeRoots(scratch: string): void {
  for (const name of ['open', 'asking']) writeLayout(join(scratch, `${name}-root`), repository);
}

async function start(name: string, scratch: string, environment: Readonly<Record<string, string>>, path: string) {
  const root = join(scratch, `${name}-root`);
  const contestant = {
    name,
    command: ({ port }: { readonly port: number }) => ({
      file: process.execPath,
      args: [join(checkout, 'dist/main.js'), 'serve', '--root', root, '--listen', `127.0.0.1:${port}`],
      env: { MOORAGE_LOG_REQUESTS: 'false', ...environment },
    }),
  } as const;
  return RunningServer.start(contestant, root, scratch, path);
}

const basic = (name: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

async function tokenOf(url: string, name: string): Promise<string> {
  const answer = await fetch(`${url}/token?scope=repository:team/app:pull`, {
    headers: { authorization: basic(name) },
  });
  if (answer.status !== 200) throw new Error(`${name} cannot log in: ${answer.status}`);
  return ((await answer.json()) as { token: string }).token;
}

interface Turn {
  readonly requestsPerSecond: number;
  /** Of the server's processor time, in microseconds: what else runs on the machine hardly moves it. */
  readonly cpuUs: number;
}

async function turn(server: RunningServer, authorization: string, seconds: number, scratch: string): Promise<Turn> {
  const before = server.cpuSeconds();
  const common = { paths, accept: OCI_MANIFEST, connections: 64, bodyBytes: 1 };
  const result = await runWrk({ ...common, port: server.port, seconds, authorization }, scratch);
  const cpuSeconds = server.cpuSeconds() - before;
  return { requestsPerSecond: result.operations / result.seconds, cpuUs: (cpuSeconds * 1e6) / result.operations };
}

interface Round {
  readonly without: Turn;
  readonly bearer: Turn;
}

/** Turns of both servers, one after the other, each first as often as the other. */
const turnsOfARound = 4;

/**
 * Both are started anew for each round: two processes of one program differ by more than a token costs (5 % and more), for as long as they
 * live. Both are sent the same token, which one does not look at; it was given out by a process before, since the thread that checked the
 * password would cost all requests a little while it is there.
 */
async function measuredRound(starts: Starts, at: number, seconds: number, scratch: string): Promise<Round> {
  const issuer = await starts.asking();
  const token = await tokenOf(issuer.url, 'user-0');
  await issuer.stop();
  const open = await starts.open();
  const asking = await starts.asking();
  try {
    const sums = { without: noTurn, bearer: noTurn };
    for (let each = -1; each < turnsOfARound; each += 1) {
      const order = (at + each) % 2 === 0 ? (['without', 'bearer'] as const) : (['bearer', 'without'] as const);
      for (const name of order) {
        const measured = await turn(name === 'bearer' ? asking : open, `Bearer ${token}`, seconds, scratch);
        // The first ones warm up.
        if (each >= 0) sums[name] = plus(sums[name], measured);
      }
    }
    return { without: meanOf(sums.without), bearer: meanOf(sums.bearer) };
  } finally {
    await open.stop();
    await asking.stop();
  }
}

const noTurn: Turn = { requestsPerSecond: 0, cpuUs: 0 };

function plus(one: Turn, other: Turn): Turn {
  return { requestsPerSecond: one.requestsPerSecond + other.requestsPerSecond, cpuUs: one.cpuUs + other.cpuUs };
}

function meanOf({ requestsPerSecond, cpuUs }: Turn): Turn {
  return { requestsPerSecond: requestsPerSecond / turnsOfARound, cpuUs: cpuUs / turnsOfARound };
}

interface Starts {
  readonly open: () => Promise<RunningServer>;
  readonly asking: () => Promise<RunningServer>;
}

/** Latencies in milliseconds of one GET every 5 ms, whatever the ones before take. */
async function steadyGets(url: string, token: string, during: Promise<unknown>): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  let isOver = false;
  void during.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const begun = performance.now();
    const path = paths[pending.length % paths.length];
    pending.push(
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, accept: OCI_MANIFEST };
        const sent = request(`${url}${path}`, { agent, headers }, (answer) => {
          answer.resume().on('end', () => {
            if (answer.statusCode !== 200) reject(new Error(`${path} answered ${answer.statusCode}`));
            latencies.push(performance.now() - begun);
            resolve();
          });
        });
        sent.on('error', reject).end();
      }),
    );
    await sleep(5);
  }
  await Promise.all(pending);
  agent.destroy();
  return latencies;
}

function p99(latencies: readonly number[]): number {
  return latencies.toSorted((one, other) => one - other)[Math.floor(latencies.length * 0.99)] ?? 0;
}

const { values } = parseArgs({ options: { rounds: { type: 'string' }, short: { type: 'boolean', default: false } } });
const rounds = Number(values.rounds ?? (values.short ? 1 : 15));
const seconds = 1;
const scratch = mkdtempSync(join(tmpdir(), 'moorage-users-'));
const servers: RunningServer[] = [];
try {
  mkdirSync(join(scratch, 'wrk'));
  const hash = bcrypt.hashSync(password, bcryptCost);
  const file = join(scratch, 'users');
  writeFileSync(file, users.map((name) => `${name}:${hash}\n`).join(''), { mode: 0o600 });
  writeRoots(scratch);
  const starts: Starts = {
    open: () => start('open', scratch, {}, '/v2/'),
    asking: () => start('asking', scratch, { MOORAGE_AUTH_HTPASSWD: file }, '/livez'),
  };
  const figures: Round[] = [];
  for (let at = 0; at < rounds; at += 1) figures.push(await measuredRound(starts, at, seconds, join(scratch, 'wrk')));
  const asking = await starts.asking();
  servers.push(asking);
  const ratio = spreadOf(figures.map(({ without, bearer }) => bearer.cpuUs / without.cpuUs - 1));
  const token = await tokenOf(asking.url, 'user-0');
  const quiet = p99(await steadyGets(asking.url, token, sleep(3_000)));
  const begun = performance.now();
  const logins = Promise.all(users.map((name) => tokenOf(asking.url, name)));
  const busy = p99(await steadyGets(asking.url, token, logins));
  const loginsMs = performance.now() - begun;
  if (ratio === undefined) throw new Error('nothing was measured');
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  const each = (key: 'without' | 'bearer') =>
    spreadOf(figures.map((figure) => figure[key].requestsPerSecond))?.median.toFixed(0);
  const machine = describeMachine(scratch);
  const report = [
    '# What it costs to ask who somebody is',
    '',
    'Written by `npm run bench:users`. Ratios are of turns beside each other in one run; wrk with 64 connections for the first.',
    '',
    `Commit ${describeCommit(checkout)}, Node ${process.versions.node}, ${machine.cpu}, ${machine.fileSystem}, ${machine.kernel}.`,
    '',
    '| What | Figure |',
    '|---|---|',
    `| manifest GETs a second, nobody is asked | ${each('without')} |`,
    `| manifest GETs a second with a token | ${each('bearer')} |`,
    `| a token that was shown before adds to the processor time of a request, median of ${ratio.count} rounds (range) | ${percent(ratio.median)} (${percent(ratio.min)} to ${percent(ratio.max)}) |`,
    `| p99 of a GET with a token every 5 ms | ${quiet.toFixed(1)} ms |`,
    `| the same while 64 users log in at once (bcrypt, cost ${bcryptCost}), which takes ${(loginsMs / 1_000).toFixed(1)} s | ${busy.toFixed(1)} ms |`,
    '',
  ].join('\n');
  process.stdout.write(report);
  if (!values.short) writeFileSync(join(checkout, 'bench/results/users.md'), report);
} finally {
  for (const server of servers) await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
