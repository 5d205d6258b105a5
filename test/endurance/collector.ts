// regctl copies an image into a layout that is pushed to, and then collects: it deletes what it did not see when it read index.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Acknowledged } from './acknowledged.ts';
import { clientPath, runClient } from './clients.ts';
import { ServerProcess } from './server-process.ts';

export interface CollectorRun {
  readonly pushes: number;
  readonly collectedMs: number;
  /** Before or after the servers were stopped and one was started again. */
  readonly lost: readonly string[];
}

const repository = 'shared';
const restMs = 15_000;

/** Undefined when regctl or oras is not here. */
export async function collectorRun(scratch: string, tags: number): Promise<CollectorRun | undefined> {
  const [regctl, oras] = [clientPath('regctl'), clientPath('oras')];
  if (regctl === undefined || oras === undefined) return undefined;
  const [root, log] = [join(scratch, 'root'), join(scratch, 'server.log')];
  mkdirSync(root, { recursive: true });
  writeFileSync(join(scratch, 'file'), 'x');
  await runClient(oras, ['push', '--oci-layout', 'image:v1', 'file'], scratch);
  const server = await ServerProcess.start(root, log);
  const acknowledged = new Acknowledged(repository);
  await acknowledged.pushConfig(server.url);
  let next = 0;
  const push = () => {
    next += 1;
    return acknowledged.push(server.url, `t${next}`);
  };
  const fill = async () => {
    while (next < tags) await push();
  };
  await Promise.all(Array.from({ length: 8 }, fill));

  let copying = true;
  const beside = Array.from({ length: 3 }, async () => {
    for (; copying; await sleep(20)) await push();
  });
  const began = performance.now();
  await runClient(
    regctl,
    ['image', 'copy', `ocidir://${scratch}/image:v1`, `ocidir://${root}/${repository}:copied`],
    scratch,
  );
  const collectedMs = performance.now() - began;
  copying = false;
  await Promise.all(beside);
  await sleep(restMs);
  const lost = new Set(await acknowledged.lost(server.url));
  await server.stop();
  const restarted = await ServerProcess.start(root, log);
  for (const tag of await acknowledged.lost(restarted.url)) lost.add(tag);
  await restarted.stop();
  return { pushes: acknowledged.count, collectedMs, lost: [...lost] };
}
