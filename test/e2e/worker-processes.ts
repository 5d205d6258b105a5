// A server of several processes, as tests start it and look at its processes.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MoorageProcess, type Ready, type StartOptions, startMoorage } from './moorage-process.ts';

export interface StartedWorkers {
  readonly moorage: MoorageProcess;
  readonly ready: Ready;
}

export async function startWorkers(
  workers: number,
  options: StartOptions = {},
  args: readonly string[] = [],
): Promise<StartedWorkers> {
  const flags = ['--listen', '127.0.0.1:0', '--workers', String(workers), ...args];
  const moorage = await startMoorage(flags, options);
  const ready = await moorage.ready();
  await moorage.says(/all workers answer requests/);
  return { moorage, ready };
}

/** Also where nothing else tells when: the test's own limit ends it. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

export async function workersOf({ pid }: { readonly pid?: number | undefined }): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** On a connection of its own, which the server gives to one worker or another. */
export function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { agent: new Agent() }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

/** The clients' ports of the connections to that port which each process holds. */
export async function connectionsOf(pids: readonly number[], port: number): Promise<readonly (readonly number[])[]> {
  const clients = new Map<string, number>();
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n')) {
    const [, local = '', remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state === established && portOf(local) === port) clients.set(`socket:[${inode}]`, portOf(remote));
  }
  return Promise.all(
    pids.map(async (pid) => {
      const names = await readdir(`/proc/${pid}/fd`);
      const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
      return links.flatMap((link) => clients.get(link) ?? []);
    }),
  );
}

const established = '01';

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
