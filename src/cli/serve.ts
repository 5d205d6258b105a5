// Runs a server from start to stop: log, banner, signals, exit code.
import { resolve } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { isLoopback } from '../config/listen-address.ts';
import type { Settings } from '../config/schema.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { createServer, type RegistryServer } from '../server.ts';
import { banner } from './banner.ts';
import { exitCodes } from './failure.ts';
import { listenError, rootError } from './start-errors.ts';
import { watchStopSignals } from './stop-signals.ts';
import { packageVersion } from './version.ts';

const standardError = 2;

/** Returns the exit code when the server has stopped; refuses with a CommandError when it cannot start. */
export async function serve(settings: Settings, environment: Environment): Promise<number> {
  const { log, flush } = createLogger({ ...settings.log, fileDescriptor: standardError });
  process.once('exit', flush);
  process.once('uncaughtException', (error) => {
    log.fatal({ error }, 'internal error, stopping');
    process.exit(exitCodes.failure);
  });
  // Before anything else: as process 1 of a container, signals without a listener have no effect.
  const signals = watchStopSignals(process, (code) => process.exit(code), {
    underNpm: environment.npm_lifecycle_event !== undefined,
  });
  const server = await start(settings, log);
  const signal = await signals.first;
  log.info({ signal, withinMs: settings.server.shutdownTimeout }, 'stopping: running requests may finish');
  await server.stop(settings.server.shutdownTimeout);
  log.info('stopped');
  return 0;
}

async function start(settings: Settings, log: Logger): Promise<RegistryServer> {
  const { listen: address, readOnly } = settings.server;
  const root = settings.storage.ephemeral ? undefined : resolve(settings.storage.root);
  const server = await createServer(settings, log).catch((error: unknown) => {
    throw rootError(error, root ?? 'memory');
  });
  try {
    const port = await server.listen(address);
    process.stdout.write(banner({ version: packageVersion(), host: address.host, port, root, readOnly }));
    log.info({ host: address.host, port, root, readOnly }, 'listening');
    if (!isLoopback(address.host)) {
      log.warn({ host: address.host, port, readOnly }, 'listening beyond this machine without authentication');
    }
    return server;
  } catch (error) {
    await server.stop(0);
    throw listenError(error, address);
  }
}
