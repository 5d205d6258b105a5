// A server of several processes, as its parent runs it: one banner, one log, one exit code, and signals that mean all of them.
import type { WrittenSetting } from '../config/setting-source.ts';
import { messageFirst } from '../observability/message-first-log.ts';
import { Supervisor } from '../workers/supervisor.ts';
import type { ServeOutput } from './serve-output.ts';
import { followConfig } from './serve-reload.ts';
import type { ServeRequest } from './started-server.ts';
import type { StopSignals } from './stop-signals.ts';

/** What each worker is told to do: settings as they were written, so that all go by the same version of a file that changes. */
export interface WorkerTask extends Pick<ServeRequest, 'paths' | 'root' | 'sharedBlobs' | 'socket'> {
  readonly written: readonly WrittenSetting[];
}

export interface LedServer {
  readonly workers: number;
  readonly said: ServeOutput;
  readonly signals: StopSignals;
}

/** Returns the exit code when all have stopped; refuses with a WorkerFailedError when they cannot start, or do not come up again. */
export async function serveWithWorkers(request: ServeRequest, { workers, said, signals }: LedServer): Promise<number> {
  const { log } = said;
  const { written, paths, root, sharedBlobs, socket } = request;
  // They write to a pipe, of which nobody can tell whether a terminal is behind it.
  const format: WrittenSetting = { path: 'log.format', value: said.format, origin: 'the terminal' };
  // As the parent has it, which opens it for all of them.
  const work: WorkerTask = { written: [...written, format], paths, root, sharedBlobs, socket };
  const { print, write: writeLines } = said;
  const supervisor = new Supervisor({
    workers,
    work,
    isSocketHanded: socket !== undefined,
    print,
    writeLines,
    log: messageFirst(log),
  });
  let isAsked = false;
  void signals.first.then(() => {
    isAsked = true;
  });
  try {
    await supervisor.start();
  } catch (error) {
    // The same signal may have ended a worker that was not there yet to leave it to us.
    if (!isAsked) throw error;
  }
  const reloading = await followConfig(request, {
    ...{ log, signals },
    follow: (followed) => supervisor.follow({ ...work, written: [...followed.written, format] }),
  });
  const shutdownTimeout = () => reloading.settings.server.shutdownTimeout;
  try {
    const signal = await Promise.race([signals.first, supervisor.failure]);
    log.info({ signal, withinMs: shutdownTimeout() }, 'stopping: running requests may finish');
  } catch (error) {
    log.error({ error }, 'stopping');
    reloading.stop();
    await supervisor.stop(shutdownTimeout());
    throw error;
  }
  reloading.stop();
  await supervisor.stop(shutdownTimeout());
  log.info('stopped');
  return 0;
}
