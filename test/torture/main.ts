// `npm run torture`: what was acknowledged survives kill -9, in as many rounds as one has time for.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Violation } from './model.ts';
import { missingTools } from './on-disk.ts';
import { Tally } from './tally.ts';
import { type TortureOptions, type Totals, torture } from './torture.ts';

const help = `Usage: npm run torture [-- OPTIONS]

Clients push, tag, mount, attach and delete, operators go back, remove and repair, rules take tags and manifests away, while servers, commands
and collections on their directory are killed at random. After each restart all that was acknowledged must hold, every layout must open in
oras and skopeo, and in the end nothing may be left over.

  --rounds N   (default 20; a round takes some seconds)
  --jobs N     directories at a time (default: 2)
  --seed N     repeats the operations of a run (default: drawn and printed)
  --help       this text

Interrupted once, it ends with the directories that it works on.

Exit codes: 0 nothing was lost, 1 a violation: the directory, the log and the sequence of operations are kept.
`;

/** A new directory begins after so many. */
const roundsOfDirectory = 20;

interface Run {
  readonly rounds: number;
  readonly jobs: number;
  readonly seed: number;
}

async function main({ rounds, jobs, seed }: Run): Promise<boolean> {
  console.log(`torture: ${rounds} rounds, seed ${seed}, Node ${process.version}, ${cpus().length} cores, ${jobs} jobs`);
  for (const tool of missingTools) console.log(`skip layouts are not opened in ${tool}: it is not installed`);
  const totals: Totals = { rounds: 0, acknowledged: new Tally(), kills: new Tally() };
  const say = (violations: number) => {
    const { acknowledged, kills } = totals;
    console.log(
      `${totals.rounds} rounds, ${acknowledged.total} operations acknowledged, ${kills.total} kills, ${violations} violations`,
    );
  };
  const each = Math.min(roundsOfDirectory, Math.ceil(rounds / jobs));
  let begun = 0;
  let [isBroken, isStopped] = [false, false];
  process.once('SIGINT', () => {
    isStopped = true;
    console.log('stopping: directories that are being worked on are finished; once more ends at once');
  });
  const work = async () => {
    while (begun < rounds && !isBroken && !isStopped) {
      const first = begun;
      begun += each;
      const isWell = await oneDirectory({ seed, first, rounds: Math.min(each, rounds - first), totals });
      if (isBroken) return;
      isBroken = !isWell;
      if (isBroken || totals.rounds < rounds) say(isBroken ? 1 : 0);
    }
  };
  // Whoever finds a violation first ends it: the others would go on for long.
  const working = Array.from({ length: jobs }, work);
  const broken = new Promise<void>((resolve) => {
    for (const each of working) void each.then(() => isBroken && resolve());
  });
  await Promise.race([Promise.all(working), broken]);
  if (isBroken) return false;
  say(0);
  console.log(`acknowledged: ${totals.acknowledged}`);
  console.log(`killed: ${totals.kills}`);
  return true;
}

async function oneDirectory(options: Omit<TortureOptions, 'scratch'>): Promise<boolean> {
  const scratch = mkdtempSync(join(tmpdir(), 'moorage-torture-'));
  const { seed, first, totals } = options;
  const before = totals.rounds;
  try {
    await torture({ ...options, scratch });
  } catch (error) {
    const what = error instanceof Violation ? error.message : (error as Error).stack;
    console.log(`violation after round ${first} of seed ${seed}, ${totals.rounds - before} later: ${what}`);
    console.log(`kept: ${scratch}`);
    return false;
  }
  rmSync(scratch, { recursive: true, force: true });
  return true;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '2' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1_000_000_000)}` },
    help: { type: 'boolean', default: false },
  },
});
const [rounds, jobs, seed] = [Number(values.rounds), Number(values.jobs), Number(values.seed)];
if (values.help) process.stdout.write(help);
else process.exitCode = (await main({ rounds, jobs, seed })) ? 0 : 1;
process.exit();
