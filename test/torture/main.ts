// `npm run torture`: what was acknowledged survives kill -9, in as many rounds as one has time for.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Violation } from './model.ts';
import { missingTools } from './on-disk.ts';
import { type Totals, torture } from './torture.ts';

const help = `Usage: npm run torture [-- OPTIONS]

Clients push, tag, mount, attach and delete, while servers and collections on their directory are killed at random. After each restart all
that was acknowledged must hold, every layout must open in oras and skopeo, and in the end nothing may be left over.

  --rounds N   (default 20; a round takes some seconds)
  --seed N     repeats the operations of a run (default: drawn and printed)
  --help       this text

Exit codes: 0 nothing was lost, 1 a violation: the directory, the log and the sequence of operations are kept.
`;

/** A new directory begins after so many. */
const roundsOfDirectory = 20;

async function main(rounds: number, seed: number): Promise<boolean> {
  console.log(`torture: ${rounds} rounds, seed ${seed}, Node ${process.version}, ${cpus().length} cores`);
  for (const tool of missingTools) console.log(`skip layouts are not opened in ${tool}: it is not installed`);
  const totals: Totals = { rounds: 0, acknowledged: 0, kills: 0 };
  const say = (violations: number) =>
    console.log(
      `${totals.rounds} rounds, ${totals.acknowledged} operations acknowledged, ${totals.kills} kills, ${violations} violations`,
    );
  while (totals.rounds < rounds) {
    const scratch = mkdtempSync(join(tmpdir(), 'moorage-torture-'));
    try {
      await torture(scratch, seed, totals.rounds, Math.min(roundsOfDirectory, rounds - totals.rounds), totals);
    } catch (error) {
      console.log(
        `violation in round ${totals.rounds} of seed ${seed}: ${error instanceof Violation ? error.message : (error as Error).stack}`,
      );
      console.log(`kept: ${scratch}`);
      say(1);
      return false;
    }
    rmSync(scratch, { recursive: true, force: true });
    if (totals.rounds < rounds) say(0);
  }
  say(0);
  return true;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1_000_000_000)}` },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(help);
else process.exitCode = (await main(Number(values.rounds), Number(values.seed))) ? 0 : 1;
process.exit();
