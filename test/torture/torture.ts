// Rounds on one directory: start, check, work while things are killed, kill everything, open it in other programs; in the end, the sweep.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, ServerProcess } from '../endurance/server-process.ts';
import { tryCommand } from '../interop/command.ts';
import { Draws } from '../support/draws.ts';
import { ask } from './ask.ts';
import { checkAll, tagsIn } from './checks.ts';
import { Client, repositories, sharedLayers } from './client.ts';
import { Fleet, freeClaim } from './fleet.ts';
import { Model, type Rules, Violation } from './model.ts';
import { leftAtRest, openAll } from './on-disk.ts';
import { looseIn, ruleSettings } from './rules.ts';
import type { Tally } from './tally.ts';

export interface Totals {
  rounds: number;
  readonly acknowledged: Tally;
  readonly kills: Tally;
}

export interface TortureOptions {
  /** A directory of its own, which keeps everything to find out why. */
  readonly scratch: string;
  readonly seed: number;
  /** Each round draws by its number. */
  readonly first: number;
  readonly rounds: number;
  readonly totals: Totals;
}

const clients = 6;
/** Some rounds: what nobody was told lately goes before the next one has begun. */
const graceMs = 2_500;
const rules: Omit<Rules, 'untaggedMs'> = { tags: 'old-', keepNewest: 3, keepPushedWithinMs: 2_000 };
/** In every second directory or so. */
const untaggedMs = 2_000;
const workMs = { least: 500, spread: 1_300 };
const restMs = 5_000;
const settledMs = 3_500;
/** Drafts of a killed process are cleared away after an hour. */
const twoHoursLater = 'const%20now=Date.now;Date.now=()=>now()+7200000';

export async function torture({ scratch, seed, first, rounds, totals }: TortureOptions): Promise<void> {
  const inScratch = (name: string) => join(scratch, name);
  const [root, log, sequence] = [inScratch('root'), inScratch('server.log'), inScratch('sequence.log')];
  mkdirSync(root, { recursive: true });
  writeFileSync(log, '');
  let lines: string[] = [];
  const write = () => {
    appendFileSync(sequence, lines.map((line) => `${line}\n`).join(''));
    lines = [];
  };
  const isTidy = new Draws(seed, `rules ${first}`).chance(0.5);
  const model = new Model(graceMs, { ...rules, untaggedMs: isTidy ? untaggedMs : 'keep' });
  const settings = {
    ...ruleSettings(model),
    MOORAGE_GC_EVERY: '1s',
    MOORAGE_GC_GRACE: `${graceMs}ms`,
    MOORAGE_LOG_REQUESTS: 'false',
    MOORAGE_SERVER_WORKERS: new Draws(seed, `workers ${first}`).chance(0.5) ? '2' : '1',
  };
  const fleet = new Fleet({ root, log, settings });
  const shared = sharedLayers(seed);
  try {
    for (let round = first; round < first + rounds; round += 1) {
      const draws = new Draws(seed, `${round}`);
      await fleet.start(1 + draws.below(2));
      await checkAll(await fleet.url(), model);
      model.forget(Date.now());
      const endMs = Date.now() + workMs.least + draws.below(workMs.spread);
      let isOver = false;
      const options = {
        seed,
        model,
        shared,
        url: () => fleet.url(),
        goesOn: () => !isOver,
        log: (line: string) => lines.push(line),
        command: (args: readonly string[], killAfterMs: number | undefined) => fleet.command(args, killAfterMs),
        root,
        copies: join(scratch, 'copies'),
      };
      const working = Array.from({ length: clients }, (_, number) => new Client({ ...options, number }).run(round));
      const failed = Promise.all(working).then(() => undefined);
      failed.catch(() => undefined);
      const killing = strike(fleet, draws, endMs);
      await Promise.race([killing, failed]);
      isOver = true;
      fleet.end();
      await fleet.killAll();
      await failed;
      write();
      await openAll(root, model);
      totals.rounds += 1;
    }
    await sweep(scratch, model, settings);
  } finally {
    totals.acknowledged.addAll(model.acknowledged);
    totals.kills.addAll(fleet.kills);
    write();
    await fleet.killAll();
  }
}

/** Strikes now and then until the end of the round. */
async function strike(fleet: Fleet, draws: Draws, endMs: number): Promise<void> {
  for (;;) {
    const waitMs = 100 + draws.below(500);
    if (Date.now() + waitMs >= endMs) break;
    await sleep(waitMs);
    await fleet.strike(draws);
  }
  await sleep(Math.max(0, endMs - Date.now()));
}

/** Nothing temporary is left, nor what nothing leads to, and what holds, holds. */
async function sweep(scratch: string, model: Model, settings: Record<string, string>): Promise<void> {
  const [root, log] = [join(scratch, 'root'), join(scratch, 'server.log')];
  const later = {
    ...settings,
    NODE_OPTIONS: `--import=data:text/javascript,${twoHoursLater}`,
    MOORAGE_GC_EVERY: 'off',
    MOORAGE_UPLOADS_EXPIRE_AFTER: '1s',
  };
  const server = await ServerProcess.start(root, log, later);
  await checkAll(server.url, model);
  for (const repository of repositories) {
    // A write clears away what killed ones left beside it.
    const path = `/v2/${repository}/manifests/swept`;
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] }));
    const put = await ask(server.url, 'PUT', path, { body, headers: { 'Content-Type': indexType } });
    if (put?.status !== 201) throw new Violation(`PUT ${path} after everything: ${put?.status}`);
    const removed = await ask(server.url, 'DELETE', path);
    if (removed?.status !== 202) throw new Violation(`DELETE ${path} after everything: ${removed?.status}`);
  }
  await server.stop();
  if (model.damaged.size > 0) {
    await moorage(root, log, later, ['verify', '--repair', '--from', join(scratch, 'copies'), '--root', root]);
    model.damaged.clear();
  }
  // Until all that a rule may take is old enough, and again what lost its tags by that.
  for (let pass = model.rules.untaggedMs === 'keep' ? 1 : 0; pass < 2; pass += 1) {
    await sleep(settledMs);
    await freeClaim(root);
    await moorage(root, log, later, ['gc', '--grace', '0s', '--root', root]);
  }
  const left = await leftAtRest(root, restMs);
  if (left.length > 0) throw new Violation(`left after the sweep: ${left.slice(0, 20).join(', ')}`);
  await moorage(root, log, settings, ['verify', '--root', root]);
  model.blobs.clear();
  const again = await ServerProcess.start(root, log, { ...settings, MOORAGE_GC_EVERY: 'off' });
  await checkAll(again.url, model);
  checkRules(model);
  await again.stop();
}

/** Whatever the rules could take is gone in the end. */
function checkRules(model: Model): void {
  for (const repository of repositories) {
    const left = tagsIn(model, repository).filter(({ tag }) => tag.startsWith(rules.tags));
    if (left.length > rules.keepNewest)
      throw new Violation(`a rule left ${left.map(({ tag }) => tag).join()} in ${repository}`);
  }
  if (model.rules.untaggedMs === 'keep') return;
  const loose = looseIn(model).at(0);
  if (loose !== undefined) throw new Violation(`nothing leads to ${loose.repository}@${loose.content.digest} any more`);
}

const indexType = 'application/vnd.oci.image.index.v1+json';

async function moorage(
  root: string,
  log: string,
  settings: Record<string, string>,
  args: readonly string[],
): Promise<void> {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...settings };
  const { code, stdout, stderr } = await tryCommand(process.execPath, [program, ...args], { env, cwd: root });
  appendFileSync(log, `moorage ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  if (code !== 0)
    throw new Violation(`moorage ${args.join(' ')} ended with ${code}: ${`${stdout}${stderr}`.slice(-800)}`);
}
