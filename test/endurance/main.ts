// What takes minutes and needs real programs beside us: foreign writers, a foreign collector, a soak. Ends with exit code 1 when anything
// that was acknowledged is lost; how much memory and how many descriptors a soak took is printed, and decides nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { collectorRun } from './collector.ts';
import { foreignRound } from './foreign-writers.ts';
import { soakRun } from './soak.ts';

const help = `Usage: npm run endurance [-- OPTIONS]

  --rounds N        rounds of two servers beside skopeo and oras (default 10)
  --seconds N       seconds of each round (default 60)
  --tags N,N,...    tags in the layout that regctl collects in (default 300,1000,2000)
  --minutes N       minutes of the soak (default 10)
  --only PART       foreign, collector or soak
  --short           one round of 10 s, 300 tags, a soak of 20 s
  --output FILE     also write the tables there
  --help            this text
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    tags: { type: 'string', default: '300,1000,2000' },
    minutes: { type: 'string', default: '10' },
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    output: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const lines: string[] = [];
let passed = 0;
let failed = 0;
let skipped = 0;

function say(line: string): void {
  console.log(line);
  lines.push(line);
}

function judge(lost: number): void {
  if (lost === 0) passed += 1;
  else failed += 1;
}

function skip(what: string): void {
  console.log(`skip ${what}`);
  skipped += 1;
}

/** Where something was lost the directory and the servers' log stay, to find out why. */
async function inScratch<Result extends { readonly lost: readonly string[] } | undefined>(
  work: (scratch: string) => Promise<Result>,
): Promise<Result> {
  const scratch = mkdtempSync(join(tmpdir(), 'moorage-endurance-'));
  const result = await work(scratch);
  if (result === undefined || result.lost.length === 0) rmSync(scratch, { recursive: true, force: true });
  else console.log(`lost: ${result.lost.slice(0, 20).join(', ')}; left in ${scratch}`);
  return result;
}

async function foreignWriters(rounds: number, seconds: number): Promise<void> {
  say(`\n## Two servers beside skopeo and oras, ${seconds} s a round\n`);
  say('| round | acknowledged pushes | writes of the tools | lost, before or after a restart |\n|---|---|---|---|');
  for (let round = 1; round <= rounds; round += 1) {
    const result = await inScratch((scratch) => foreignRound(scratch, seconds));
    if (result === undefined) return skip('foreign writers: skopeo or oras is not installed');
    const { pushes, foreignWrites, lost } = result;
    say(`| ${round} | ${pushes} | ${foreignWrites} | ${lost.length} |`);
    judge(lost.length);
  }
}

async function collectors(sizes: readonly number[]): Promise<void> {
  say('\n## regctl collects while three clients push\n');
  say('| tags before | acknowledged pushes | regctl took | lost, before or after a restart |\n|---|---|---|---|');
  for (const tags of sizes) {
    const result = await inScratch((scratch) => collectorRun(scratch, tags));
    if (result === undefined) return skip('collector: regctl or oras is not installed');
    const { pushes, collectedMs, lost } = result;
    say(`| ${tags} | ${pushes} | ${(collectedMs / 1_000).toFixed(1)} s | ${lost.length} |`);
    judge(lost.length);
  }
}

async function soak(seconds: number): Promise<void> {
  const { samples, pushes, lost, refused } = await inScratch((scratch) => soakRun(scratch, seconds));
  say(
    `\n## Soak of ${seconds} s: ${pushes} pushes and as many deletes, ${refused} refused, ${lost.length} of the tags lost\n`,
  );
  say('| second | pushes | memory (RSS) | descriptors | files |\n|---|---|---|---|---|');
  for (const { second, rssMiB, descriptors, files, ...sample } of samples) {
    say(`| ${second} | ${sample.pushes} | ${rssMiB.toFixed(0)} MiB | ${descriptors} | ${files} |`);
  }
  judge(lost.length);
}

if (values.help) {
  process.stdout.write(help);
} else {
  const { short, only } = values;
  const isWanted = (part: string) => only === undefined || only === part;
  say(`# Endurance\n\nNode ${process.version}, ${cpus().length} cores. Made by \`npm run endurance\`.`);
  if (isWanted('foreign')) await foreignWriters(short ? 1 : Number(values.rounds), short ? 10 : Number(values.seconds));
  if (isWanted('collector')) await collectors(short ? [300] : values.tags.split(',').map(Number));
  if (isWanted('soak')) await soak(short ? 20 : Number(values.minutes) * 60);
  if (values.output !== undefined) {
    mkdirSync(dirname(values.output), { recursive: true });
    writeFileSync(values.output, `${lines.join('\n')}\n`);
  }
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed > 0 ? 1 : 0;
}
