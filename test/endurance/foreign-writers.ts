// Two servers on one directory, and skopeo and oras that copy images into the same layout all the time: is anything lost that a server
// acknowledged, or that a tool said it had written?
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Acknowledged } from './acknowledged.ts';
import { clientPath, runClient } from './clients.ts';
import { ServerProcess } from './server-process.ts';

export interface ForeignRound {
  readonly pushes: number;
  readonly foreignWrites: number;
  /** Before or after the servers were stopped and one was started again. */
  readonly lost: readonly string[];
}

const repository = 'shared';
const pushers = 4;
const pauseMs = 5;
/** What a heal may take after the last write. */
const restMs = 8_000;

/** Undefined when skopeo or oras is not here. */
export async function foreignRound(scratch: string, seconds: number): Promise<ForeignRound | undefined> {
  const [skopeo, oras] = [clientPath('skopeo'), clientPath('oras')];
  if (skopeo === undefined || oras === undefined) return undefined;
  const [root, log] = [join(scratch, 'root'), join(scratch, 'server.log')];
  mkdirSync(root, { recursive: true });
  writeFileSync(join(scratch, 'file'), 'x');
  await runClient(oras, ['push', '--oci-layout', 'image:v1', 'file'], scratch);
  const servers = await Promise.all([ServerProcess.start(root, log), ServerProcess.start(root, log)]);
  const urls = servers.map(({ url }) => url);
  const acknowledged = new Acknowledged(repository);
  await acknowledged.pushConfig(urls[0] ?? '');
  await acknowledged.push(urls[0] ?? '', 'first');

  const untilMs = Date.now() + seconds * 1_000;
  const push = async (_: unknown, pusher: number) => {
    const url = urls[pusher % urls.length] ?? '';
    for (let at = 0; Date.now() < untilMs; at += 1) {
      await acknowledged.push(url, `p${pusher}-${at}`);
      await sleep(pauseMs);
    }
  };
  let foreignWrites = 0;
  const layout = join(root, repository);
  const write = async (name: string, program: string, argsFor: (tag: string) => readonly string[]) => {
    for (let at = 0; Date.now() < untilMs; at += 1) {
      if (await runClient(program, argsFor(`${name}-${at}`), scratch)) foreignWrites += 1;
    }
  };
  await Promise.all([
    ...Array.from({ length: pushers }, push),
    write('skopeo', skopeo, (tag) => ['--insecure-policy', 'copy', '-q', 'oci:image:v1', `oci:${layout}:${tag}`]),
    write('oras', oras, (tag) => ['cp', '--from-oci-layout', 'image:v1', '--to-oci-layout', `${layout}:${tag}`]),
  ]);
  await sleep(restMs);
  const lost = new Set(await acknowledged.lost(urls[0] ?? ''));
  await Promise.all(servers.map((server) => server.stop()));
  const restarted = await ServerProcess.start(root, log);
  for (const tag of await acknowledged.lost(restarted.url)) lost.add(tag);
  await restarted.stop();
  return { pushes: acknowledged.count, foreignWrites, lost: [...lost] };
}
