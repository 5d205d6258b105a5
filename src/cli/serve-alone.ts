// A server of one process, from start to stop.
import { alone } from '../server-group.ts';
import type { ServeOutput } from './serve-output.ts';
import { followConfig } from './serve-reload.ts';
import { announce, listRepositories, type ServeRequest, startServer } from './started-server.ts';
import type { StopSignals } from './stop-signals.ts';

/** Returns the exit code when the server has stopped; refuses with a CommandError when it cannot start. */
export async function serveAlone(request: ServeRequest, said: ServeOutput, signals: StopSignals): Promise<number> {
  const { log } = said;
  const started = await startServer(request, said, alone);
  announce(started, request, said, alone);
  const stopping = new AbortController();
  const listing = listRepositories(started, request, said, stopping.signal);
  const reloading = await followConfig(request, {
    ...{ log, signals },
    follow: ({ settings, changed }) => started.server.follow(settings, changed),
  });
  const signal = await signals.first;
  reloading.stop();
  stopping.abort();
  const { shutdownTimeout } = reloading.settings.server;
  log.info({ signal, withinMs: shutdownTimeout }, 'stopping: running requests may finish');
  await listing;
  await started.server.stop(shutdownTimeout);
  log.info('stopped');
  return 0;
}
