// Runs a server from start to stop: log, banner, signals, exit code.
import type { Environment } from '../config/environment.ts';
import { isLoopback } from '../config/listen-address.ts';
import type { Settings } from '../config/schema.ts';
import { hiddenLines } from '../inspection/hidden-list.ts';
import { MountArgumentError } from '../mounts/mount-argument.ts';
import { userCacheDirectory } from '../mounts/work-directory.ts';
import type { Logger } from '../observability/logger.ts';
import { asksWhoIsThere } from '../policy-of.ts';
import { createServer, type RegistryServer } from '../server.ts';
import { banner } from './banner.ts';
import { type ClientAddress, clientAddressOf } from './client-address.ts';
import { exitCodes } from './failure.ts';
import { fittedLines } from './fitted-lines.ts';
import { LineOutput } from './line-output.ts';
import { createLogger } from './log-output.ts';
import { terminalColumns } from './output-text.ts';
import { repositoryLines } from './repository-list.ts';
import { listenError, rootError } from './start-errors.ts';
import { watchStopSignals } from './stop-signals.ts';
import { packageVersion } from './version.ts';

const standardOutput = 1;
const standardError = 2;

export interface ServeRequest {
  readonly settings: Settings;
  /** As written on the command line. */
  readonly paths: readonly string[];
  /** Absolute; undefined: only the paths are served. */
  readonly root: string | undefined;
  /** Absolute; where the layouts of `paths` have their blobs; undefined: each has its own. */
  readonly sharedBlobs: string | undefined;
  readonly environment: Environment;
}

/** Returns the exit code when the server has stopped; refuses with a CommandError when it cannot start. */
export async function serve(request: ServeRequest): Promise<number> {
  const { settings, environment } = request;
  const said = openOutputs(settings);
  const { log } = said;
  process.once('uncaughtException', (error) => {
    log.fatal({ error }, 'internal error, stopping');
    process.exit(exitCodes.failure);
  });
  // Before anything else: as process 1 of a container, signals without a listener have no effect.
  const signals = watchStopSignals(process, (code) => process.exit(code), {
    underNpm: environment.npm_lifecycle_event !== undefined,
  });
  const { server, port } = await start(request, said);
  const stopping = new AbortController();
  const clients = clientAddressOf({ host: settings.server.listen.host, port }, server.tls);
  const listing = listRepositories(server, clients, request, stopping.signal, said);
  const signal = await signals.first;
  stopping.abort();
  log.info({ signal, withinMs: settings.server.shutdownTimeout }, 'stopping: running requests may finish');
  await listing;
  await server.stop(settings.server.shutdownTimeout);
  log.info('stopped');
  return 0;
}

interface Outputs {
  readonly log: Logger;
  /** On standard output. */
  print(text: string): void;
}

/** Neither ever waits for its reader, and both are flushed when the process ends, whatever ends it. */
function openOutputs(settings: Settings): Outputs {
  const { log, flush } = createLogger({ ...settings.log, fileDescriptor: standardError });
  const output = new LineOutput({
    fileDescriptor: standardOutput,
    batchLength: 0,
    onLost: (lines) => log.warn({ lines }, 'lines of standard output are lost: its reader did not take them'),
  });
  process.once('exit', () => {
    output.flush();
    flush();
  });
  return { log, print: (text) => output.write(fittedLines(text, terminalColumns(process.stdout))) };
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

interface Started {
  readonly server: RegistryServer;
  readonly port: number;
}

/** After the socket is open, so that a directory of thousands of layouts does not delay it. */
async function listRepositories(
  { registry, mounts }: RegistryServer,
  address: ClientAddress,
  { settings }: ServeRequest,
  signal: AbortSignal,
  { log, print }: Outputs,
): Promise<void> {
  try {
    print(textOf(await repositoryLines(registry, address, mounts)));
    print(textOf(await hiddenLines({ registry, mounts, names: settings.layouts, signal })));
  } catch (error) {
    log.warn({ error }, 'the repositories could not be listed');
  }
}

async function start(
  { settings, paths, root, sharedBlobs, environment }: ServeRequest,
  { log, print }: Outputs,
): Promise<Started> {
  const { listen: address, readOnly } = settings.server;
  const cacheDirectory = userCacheDirectory(environment);
  const server = await createServer(settings, log, { paths, root, cacheDirectory, sharedBlobs }).catch(
    (error: unknown) => {
      if (error instanceof MountArgumentError) throw error;
      throw paths.length === 0 ? rootError(error, root ?? 'memory') : error;
    },
  );
  try {
    const port = await server.listen(address);
    const named = server.mounts.filter(({ foundIn }) => foundIn === undefined);
    const mounts = named.map(({ archives, ...mount }) => ({
      ...mount,
      readOnly: mount.writer === undefined,
      archives: archives?.mounts.length ?? 0,
    }));
    const { host } = address;
    const { tls } = server;
    const isAsked = asksWhoIsThere(settings);
    print(banner({ version: packageVersion(), host, port, tls, mounts, readOnly, asksWhoIsThere: isAsked }));
    log.info({ host, port, tls: tls !== undefined, root, paths, readOnly }, 'listening');
    if (!isLoopback(address.host) && !isAsked) {
      log.warn({ host: address.host, port, readOnly }, 'listening beyond this machine without authentication');
    }
    return { server, port };
  } catch (error) {
    await server.stop(0);
    throw listenError(error, address);
  }
}
