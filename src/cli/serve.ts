// Runs a server from start to stop: log, banner, signals, exit code. Of several processes, this is the one that leads (serve-workers.ts).
import { workerCount } from '../workers/worker-count.ts';
import { endEarly } from './early-worker.ts';
import { exitCodes } from './failure.ts';
import { machine } from './machine.ts';
import { openOutputs } from './serve-output.ts';
import type { ServeRequest } from './started-server.ts';
import { watchStopSignals } from './stop-signals.ts';

/** Returns the exit code when the server has stopped; refuses with a CommandError when it cannot start. */
export async function serve(request: ServeRequest): Promise<number> {
  const { settings, environment } = request;
  const said = openOutputs(settings);
  process.once('uncaughtException', (error) => {
    said.log.fatal({ error }, 'internal error, stopping');
    process.exit(exitCodes.failure);
  });
  // Before anything else: as process 1 of a container, signals without a listener have no effect.
  const signals = watchStopSignals(process, (code) => process.exit(code), {
    underNpm: environment.npm_lifecycle_event !== undefined,
  });
  const { ephemeral } = settings.storage;
  const workers = workerCount(settings.server.workers, { ...machine(), ephemeral });
  // Each loads what it needs: a single process nothing of several, and the parent of several nothing of a server.
  if (workers === 1) {
    await endEarly();
    const { serveAlone } = await import('./serve-alone.ts');
    return serveAlone(request, said, signals);
  }
  const { serveWithWorkers } = await import('./serve-workers.ts');
  return serveWithWorkers(request, { workers, said, signals });
}
