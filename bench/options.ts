// The command line of the benchmark.

import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const PEERS = ['olareg', 'distribution', 'zot', 'crane', 'nginx', 'node-http'] as const;

const SHORT_PEERS: readonly string[] = ['olareg', 'distribution', 'node-http'];

export interface Options {
  readonly help: boolean;
  /** All workloads in about three minutes: few and short rounds on less data, the main peers alone. */
  readonly short: boolean;
  readonly rounds: number | undefined;
  /** Parts of workload names; empty for all of them. */
  readonly only: readonly string[];
  readonly peers: readonly string[];
  /** Another checkout of moorage, compiled, that takes part as a peer: its dist/ is what is run. */
  readonly beside: string | undefined;
  readonly withoutMoorage: boolean;
  readonly clients: string;
  /** Another Node, by its path, that runs moorage too. */
  readonly alsoNode: string | undefined;
  /** Path of zot's binary. */
  readonly zot: string | undefined;
  readonly data: string;
  readonly output: string | undefined;
  /** Arguments of node for moorage alone. */
  readonly nodeArguments: readonly string[];
}

export const USAGE = `Usage: npm run bench -- [options]

  --short             everything in three short rounds on less data, beside ${SHORT_PEERS.join(', ')}: three to four minutes
  --rounds N          rounds of each workload, instead of its own number
  --only NAME[,NAME]  only the workloads whose names contain one of these
  --peers A[,B]       who is measured beside moorage (default: ${PEERS.join(',')})
  --beside DIR        another checkout of moorage, compiled, takes part under the name beside: did a change make anything slower?
  --without-moorage   only the peers
  --zot FILE          zot's binary: without one it is listed as absent
  --also-node FILE    another Node's binary: moorage takes part a second time, run by that
  --clients DIR       where the peers' binaries are (default: where test/interop/install-clients.sh puts them)
  --data DIR          where the servers keep their data while they are measured (default: the system's directory for temporary files)
  --output FILE       where the report goes (default: bench/results/latest.md for the whole long form, else build/bench/latest.md)
  --node-arg ARG      an argument of node for moorage alone, e.g. --cpu-prof; may be repeated
`;

/** Throws with a message for the user when the arguments make no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'string' },
      'also-node': { type: 'string' },
      beside: { type: 'string' },
      'without-moorage': { type: 'boolean', default: false },
      zot: { type: 'string' },
      clients: { type: 'string', default: defaultClients() },
      data: { type: 'string', default: tmpdir() },
      output: { type: 'string' },
      'node-arg': { type: 'string', multiple: true, default: [] },
    },
  });
  const peers = values.peers === undefined ? defaultPeers(values) : namesIn([values.peers]);
  const unknown = peers.filter((peer) => !PEERS.some((known) => known === peer));
  if (unknown.length > 0) throw new Error(`--peers: ${unknown.join(', ')} is not one of ${PEERS.join(', ')}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error('--rounds: not a positive whole number');
  return {
    help: values.help,
    short: values.short,
    rounds,
    only: namesIn(values.only),
    peers,
    beside: values.beside,
    withoutMoorage: values['without-moorage'],
    alsoNode: values['also-node'],
    zot: values.zot,
    clients: values.clients,
    data: values.data,
    output: values.output,
    nodeArguments: values['node-arg'],
  };
}

function defaultPeers({ short, zot }: { readonly short: boolean; readonly zot?: string | undefined }) {
  if (!short) return PEERS;
  return zot === undefined ? SHORT_PEERS : [...SHORT_PEERS, 'zot'];
}

function namesIn(lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split(',')).filter((name) => name !== '');
}

function defaultClients(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'moorage-clients');
}
