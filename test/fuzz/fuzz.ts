// The run: a server of its own, many connections, each answer judged; in the end what the server holds and what lies on the disk.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerProcess, type Usage } from '../endurance/server-process.ts';
import { Draws } from '../support/draws.ts';
import { type Attack, violationOf } from './attack.ts';
import { Connection } from './connection.ts';
import { credentialOf, grammarAttack } from './grammar.ts';
import { bytesAttack, readRecorded, replayAttack } from './mutation.ts';
import { filesBelow, makeSite, passwordOf, repositories, type Site, users } from './site.ts';

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  readonly connections: number;
  /** Empty; kept when something was found. */
  readonly scratch: string;
  readonly say: (line: string) => void;
}

export interface Finding {
  readonly what: string;
  /** The request, as it was sent. */
  readonly request?: string;
}

/** Whoever waits longer waits for the rest of a request, or was forgotten. */
const patienceMs = 10_000;
const patienceWithNonsenseMs = 60;
const refreshTokensMs = 120_000;
/** Of what a long run may have more in the end than after its first part. */
const grownMiB = 64;
const grownDescriptors = 10;

export async function fuzz(options: FuzzOptions): Promise<readonly Finding[]> {
  const { scratch, say, requests } = options;
  const site = makeSite(scratch);
  const logFile = join(scratch, 'server.log');
  const before = filesBelow(scratch);
  const server = await ServerProcess.start(site.root, logFile, site.environment);
  const run = new Run(options, site, Number(new URL(server.url).port));
  let early: Usage | undefined;
  const findings: Finding[] = [];
  try {
    const working = run.work();
    const progress = setInterval(() => {
      if (run.sent > requests / 4) early ??= server.usage();
      say(`${run.sent} requests, ${run.findings.length} findings, ${server.usage().rssMiB.toFixed(0)} MiB`);
    }, 5_000);
    await working;
    clearInterval(progress);
    findings.push(...run.findings, ...(await grown(server, early)));
    const health = await fetch(`${server.url}/livez`);
    if (!health.ok) findings.push({ what: `/livez answers ${health.status}` });
  } finally {
    await server
      .stop()
      .catch((error: unknown) => findings.push({ what: `the server did not end as it was asked: ${error}` }));
  }
  say(`answers: ${run.statuses()}`);
  return [...findings, ...onDisk(scratch, { before, logFile, tokens: run.everyToken })];
}

class Run {
  readonly #options: FuzzOptions;
  readonly #site: Site;
  readonly #port: number;
  readonly #recorded = readRecorded();
  readonly #statuses = new Map<number | string, number>();
  #tokens: ReadonlyMap<string | undefined, string> = new Map();
  readonly findings: Finding[] = [];
  readonly everyToken: string[] = [];
  sent = 0;

  constructor(options: FuzzOptions, site: Site, port: number) {
    this.#options = options;
    this.#site = site;
    this.#port = port;
  }

  async work(): Promise<void> {
    this.#tokens = await this.#freshTokens();
    const refreshing = setInterval(
      () => void this.#freshTokens().then((fresh) => (this.#tokens = fresh)),
      refreshTokensMs,
    );
    const workers = Array.from({ length: this.#options.connections }, (_, at) => this.#worker(at));
    try {
      await Promise.all(workers);
    } finally {
      clearInterval(refreshing);
    }
  }

  statuses(): string {
    const sorted = [...this.#statuses].sort(([one], [other]) => String(one).localeCompare(String(other)));
    return sorted.map(([status, count]) => `${status} ${count}`).join(', ');
  }

  async #worker(at: number): Promise<void> {
    const { seed, requests } = this.#options;
    const draws = new Draws(seed, `connection ${at}`);
    const connection = new Connection(this.#port);
    while (this.sent < requests && this.findings.length < 20) {
      this.sent += 1;
      const credential = credentialOf(draws, this.#tokens);
      const wellFramed = draws.chance(0.75)
        ? grammarAttack(draws, this.#site, credential)
        : replayAttack(draws, this.#recorded, credential);
      const isNonsense = draws.chance(0.04);
      await this.#attack(connection, isNonsense ? bytesAttack(draws, wellFramed) : wellFramed, isNonsense);
    }
    connection.close();
  }

  async #attack(connection: Connection, attack: Attack, isNonsense: boolean): Promise<void> {
    const { bytes, isHead } = attack;
    const asked = { isHead, patienceMs: isNonsense ? patienceWithNonsenseMs : patienceMs };
    const outcome = await connection.ask(bytes, asked);
    const status = typeof outcome === 'string' ? outcome : outcome.status;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (isNonsense) connection.close();
    const what =
      typeof outcome !== 'string'
        ? violationOf(attack, outcome)
        : isNonsense || outcome === 'closed'
          ? undefined
          : `no answer within ${patienceMs / 1000} s`;
    if (what !== undefined) this.findings.push({ what, request: bytes.toString('latin1').slice(0, 2_000) });
  }

  /** For everything that each user may want; the registry grants less. */
  async #freshTokens(): Promise<ReadonlyMap<string | undefined, string>> {
    const names = [...repositories, 'team/new1', 'team/new2', 'public/new', 'nowhere', 'team'];
    const scopes = ['registry:catalog:*', ...names.map((name) => `repository:${name}:pull,push,delete`)];
    const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
    const all = [undefined, ...users].map(async (user) => {
      const basic = user && `Basic ${Buffer.from(`${user}:${passwordOf(user)}`).toString('base64')}`;
      const answer = await fetch(`http://127.0.0.1:${this.#port}/token?service=moorage&${query}`, {
        headers: basic === undefined ? {} : { authorization: basic },
      });
      const { token } = (await answer.json()) as { token: string };
      this.everyToken.push(token);
      return [user, token] as const;
    });
    return new Map(await Promise.all(all));
  }
}

async function grown(server: ServerProcess, early: Usage | undefined): Promise<readonly Finding[]> {
  if (early === undefined) return [];
  // Connections that were left end by themselves.
  await sleep(1_000);
  const late = server.usage();
  const findings: Finding[] = [];
  if (late.rssMiB > early.rssMiB + grownMiB) {
    findings.push({ what: `memory grew from ${early.rssMiB.toFixed(0)} to ${late.rssMiB.toFixed(0)} MiB` });
  }
  if (late.descriptors > early.descriptors + grownDescriptors) {
    findings.push({ what: `descriptors grew from ${early.descriptors} to ${late.descriptors}` });
  }
  return findings;
}

interface Attacked {
  readonly before: ReadonlyMap<string, string>;
  readonly logFile: string;
  readonly tokens: readonly string[];
}

/** What nobody may change is as it was, nothing came outside of the root, and the log has no secret. */
function onDisk(scratch: string, { before, logFile, tokens }: Attacked): readonly Finding[] {
  const after = filesBelow(scratch);
  const isGuarded = (name: string) => !name.startsWith('root/') || /^root\/(?:vault|public|team\/deep)\//.test(name);
  const changed = [...before].filter(([name, digest]) => isGuarded(name) && after.get(name) !== digest);
  // Whoever may push to team/* may make repositories there.
  const mayCome = (name: string) =>
    name === 'server.log' ||
    /^root\/(?:\.moorage\/|team\/(?!deep\/)[^/]+\/(?:blobs\/|index\.json$|oci-layout$|\.moorage))/.test(name);
  const came = [...after.keys()].filter((name) => !before.has(name) && !mayCome(name));
  const log = readFileSync(logFile, 'utf8');
  return [
    ...changed.map(([name]) => ({ what: `${name} was changed` })),
    ...came.map((name) => ({ what: `${name} came` })),
    ...(/planted-password/.test(log) ? [{ what: 'a password is in the log' }] : []),
    ...(tokens.some((token) => log.includes(token)) ? [{ what: 'a token is in the log' }] : []),
    ...(/"level":"?(?:fatal|60)/.test(log)
      ? [{ what: `the log tells of an internal error: ${log.slice(-2_000)}` }]
      : []),
  ];
}
