// Opens a server and says so: banner, the line of the log, what is served. The same for a process of its own and for the first of several.
import type { Environment } from '../config/environment.ts';
import { asksWhoIsThere } from '../config/guarding-settings.ts';
import { isLoopback, type ListenAddress } from '../config/listen-address.ts';
import type { Settings } from '../config/schema.ts';
import type { SettingSource, WrittenSetting } from '../config/setting-source.ts';
import { hiddenLines } from '../inspection/hidden-list.ts';
import { MountArgumentError } from '../mounts/mount-argument.ts';
import { userCacheDirectory } from '../mounts/work-directory.ts';
import type { Logger } from '../observability/logger.ts';
import { createServer, type RegistryServer } from '../server.ts';
import type { ServerGroup } from '../server-group.ts';
import { banner } from './banner.ts';
import { clientAddressOf } from './client-address.ts';
import { takenOver } from './handed-socket.ts';
import { repositoryLines } from './repository-list.ts';
import { listenError, rootError } from './start-errors.ts';
import { packageVersion } from './version.ts';

export interface ConfigInUse {
  readonly path: string;
  /** What all sources say together once the file says this. Throws a ConfigError with every problem. */
  writtenWith(file: SettingSource): readonly WrittenSetting[];
}

export interface ServeRequest {
  readonly settings: Settings;
  /** What the settings were made from: plain data, for other processes. */
  readonly written: readonly WrittenSetting[];
  /** Where they may be read again while it runs; undefined: there is no configuration file. */
  readonly file: ConfigInUse | undefined;
  /** As written on the command line. */
  readonly paths: readonly string[];
  /** Absolute; undefined: only the paths are served. */
  readonly root: string | undefined;
  /** Absolute; where the layouts of `paths` have their blobs; undefined: each has its own. */
  readonly sharedBlobs: string | undefined;
  readonly environment: Environment;
  /** Descriptor of a socket that listens already; undefined: the server opens its own. */
  readonly socket: number | undefined;
}

export interface ServerVoice {
  readonly log: Logger;
  /** On standard output. */
  print(text: string): void;
}

export interface StartedServer {
  readonly server: RegistryServer;
  readonly port: number;
}

/** Refuses with a CommandError when it cannot start. Says nothing unless it `announces`. */
export async function startServer(
  { settings, paths, root, sharedBlobs, environment, socket }: ServeRequest,
  { log }: ServerVoice,
  group: ServerGroup,
): Promise<StartedServer> {
  const cacheDirectory = userCacheDirectory(environment);
  const server = await createServer(settings, log, { paths, root, cacheDirectory, sharedBlobs }, group).catch(
    (error: unknown) => {
      if (error instanceof MountArgumentError) throw error;
      throw paths.length === 0 ? rootError(error, root ?? 'memory') : error;
    },
  );
  const { server: main, metrics } = settings;
  const listening = async <Result>(
    opened: Promise<Result>,
    address: ListenAddress,
    setting: '--listen' | 'metrics.listen',
  ): Promise<Result> => {
    try {
      return await opened;
    } catch (error) {
      await server.stop(0);
      throw listenError(error, address, setting);
    }
  };
  const metricsAt = await listening(server.listenForMetrics(), metrics.listen ?? main.listen, 'metrics.listen');
  if (metricsAt !== undefined) log.info({ ...metricsAt }, 'metrics are served at an address of their own');
  const listens = server.listen(main.listen, socket);
  const opened = socket === undefined ? listens : takenOver(listens, main.listen);
  return { server, port: (await listening(opened, main.listen, '--listen')).port };
}

/** Banner, and what an operator should know of who can connect. */
export function announce(
  { server, port }: StartedServer,
  { settings, paths, root }: ServeRequest,
  { log, print }: ServerVoice,
  { size }: ServerGroup,
): void {
  const { listen: address, readOnly } = settings.server;
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
  const workers = size === 1 ? {} : { workers: size };
  log.info({ host, port, tls: tls !== undefined, root, paths, readOnly, ...workers }, 'listening');
  if (!isLoopback(address.host) && !isAsked) {
    log.warn({ host: address.host, port, readOnly }, 'listening beyond this machine without authentication');
  }
}

/** After the socket is open, so that a directory of thousands of layouts does not delay it. */
export async function listRepositories(
  { server: { registry, mounts, tls }, port }: StartedServer,
  { settings }: ServeRequest,
  { log, print }: ServerVoice,
  signal: AbortSignal,
): Promise<void> {
  const address = clientAddressOf({ host: settings.server.listen.host, port }, tls);
  try {
    print(textOf(await repositoryLines(registry, address, mounts)));
    print(textOf(await hiddenLines({ registry, mounts, names: settings.layouts, signal })));
  } catch (error) {
    log.warn({ error }, 'the repositories could not be listed');
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
