// The parent of several processes: what a worker's end means that was asked for together with the server's.
import { expect, it, vi } from 'vitest';
import { serveWithWorkers } from '../../../src/cli/serve-workers.ts';
import type { ServeRequest } from '../../../src/cli/started-server.ts';
import type { StopSignal } from '../../../src/cli/stop-signals.ts';
import { WorkerFailedError } from '../../../src/workers/worker-failed-error.ts';
import { silentLog } from '../../support/silent-log.ts';

const supervisor = vi.hoisted(() => ({ start: vi.fn(), stop: vi.fn(), failure: new Promise(() => {}) }));
vi.mock('../../../src/workers/supervisor.ts', () => ({
  Supervisor: class {
    start = supervisor.start;
    stop = supervisor.stop;
    failure = supervisor.failure;
  },
}));

const ended = new WorkerFailedError('the first process of the server ended before it listened', 1);
const request = { settings: { server: { shutdownTimeout: 1_000 } }, written: [], paths: [] } as unknown as ServeRequest;

function served(first: Promise<StopSignal>): Promise<number> {
  const signals = { first, onHangup: () => {}, release: () => {} };
  const said = { log: silentLog, format: 'json', print: () => {}, write: () => {} };
  return serveWithWorkers(request, { workers: 2, signals, said } as unknown as Parameters<typeof serveWithWorkers>[1]);
}

it('a signal that ended the first worker, too, is a stop and no failure', async () => {
  supervisor.start.mockRejectedValueOnce(ended);
  expect(await served(Promise.resolve('SIGTERM'))).toBe(0);
  expect(supervisor.stop).toHaveBeenCalledWith(1_000);
});

it('a first worker that ends by itself is a failure', async () => {
  supervisor.start.mockRejectedValueOnce(ended);
  await expect(served(new Promise(() => {}))).rejects.toBe(ended);
});
