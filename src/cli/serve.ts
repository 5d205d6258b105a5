// Runs a server from start to stop: log, banner, signals, exit code. Of several processes, this is the one that leads (serve-workers.ts).
import { alone } from '../server-group.ts';
import { workerCount } from '../workers/worker-count.ts';
import { exitCodes } from './failure.ts';
import { machine } from './machine.ts';
import { openOutputs, type ServeOutput } from './serve-output.ts';
import { announce, listRepositories, type ServeRequest, startServer } from './started-server.ts';
import { type StopSignals, watchStopSignals } from './stop-signals.ts';

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
  if (workers === 1) return serveAlone(request, said, signals);
  // Loaded only where it is wanted: a single process pays nothing for it.
  const { serveWithWorkers } = await import('./serve-workers.ts');
  return serveWithWorkers(request, { workers, said, signals });
}

async function serveAlone(request: ServeRequest, said: ServeOutput, signals: StopSignals): Promise<number> {
  const { log } = said;
  const { shutdownTimeout } = request.settings.server;
  const started = await startServer(request, said, alone);
  announce(started, request, said, alone);
  const stopping = new AbortController();
  const listing = listRepositories(started, request, said, stopping.signal);
  const signal = await signals.first;
  stopping.abort();
  log.info({ signal, withinMs: shutdownTimeout }, 'stopping: running requests may finish');
  await listing;
  await started.server.stop(shutdownTimeout);
  log.info('stopped');
  return 0;
}
