// Steady pushes for minutes, half of them into one repository: what the process uses must level out. Each tag gets a new manifest again and
// again, and the one that it leaves is deleted, as at a site that keeps its newest images.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Acknowledged } from './acknowledged.ts';
import { filesBelow, ServerProcess, type Usage } from './server-process.ts';

export interface SoakSample extends Usage {
  readonly second: number;
  readonly files: number;
  readonly pushes: number;
}

export interface SoakRun {
  readonly samples: readonly SoakSample[];
  readonly pushes: number;
  readonly lost: readonly string[];
  readonly refused: number;
}

const repositories = 40;
const tagsEach = 250;
const workers = 8;
const samples = 20;

export async function soakRun(scratch: string, seconds: number): Promise<SoakRun> {
  const root = join(scratch, 'root');
  mkdirSync(root, { recursive: true });
  const server = await ServerProcess.start(root, join(scratch, 'server.log'));
  const all = Array.from({ length: repositories }, (_, at) => new Acknowledged(`site/app-${at}`));
  for (const each of all) await each.pushConfig(server.url);
  const untilMs = Date.now() + seconds * 1_000;
  let pushes = 0;
  const work = async (_: unknown, worker: number) => {
    for (let at = worker; Date.now() < untilMs; at += workers) {
      // Every other push goes to one repository.
      const target = all[at % 2 === 0 ? 0 : 1 + (at % (repositories - 1))];
      // No two workers share a tag.
      const tag = `w${worker}-${Math.floor(at / workers) % Math.ceil(tagsEach / workers)}`;
      const before = target?.digestOf(tag);
      await target?.push(server.url, tag, at);
      if (before !== undefined) await target?.remove(server.url, before);
      pushes += 1;
    }
  };
  const taken: SoakSample[] = [];
  const sample = async () => {
    for (let at = 1; at <= samples; at += 1) {
      await sleep((seconds * 1_000) / samples);
      const second = Math.round((at * seconds) / samples);
      taken.push({ second, files: filesBelow(root), pushes, ...server.usage() });
    }
  };
  await Promise.all([...Array.from({ length: workers }, work), sample()]);
  const lost: string[] = [];
  let refused = 0;
  for (const each of all) {
    lost.push(...(await each.lost(server.url)));
    for (const count of each.refused.values()) refused += count;
  }
  await server.stop();
  return { samples: taken, pushes, lost, refused };
}
