// The composition root: settings -> mounts -> registry -> HTTP application -> listening socket, and the way back.
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { auditOf } from './audit-of.ts';
import { everyInterface, type ListenAddress } from './config/listen-address.ts';
import { reloadableRights } from './config/reloadable.ts';
import { layoutRulesOf, type Settings } from './config/schema.ts';
import { assertSecrets, ServerEvents } from './events-of.ts';
import { type AppOptions, buildApp } from './http/app.ts';
import type { Faults } from './http/faults.ts';
import type { HostSettings } from './http/host-check.ts';
import { fixedHttpSettings, type HttpSettings } from './http/http-settings.ts';
import type { RequestLog } from './http/request-log.ts';
import { oddRules } from './layout/retention/rule-warnings.ts';
import { metricsListenerOf, metricsOf } from './metrics-of.ts';
import { ArchiveWatch, type ArchiveWatchOptions } from './mounts/archive-watch.ts';
import { inMemory, openMounts } from './mounts/open-mounts.ts';
import type { OpenedMount } from './mounts/opened-mount.ts';
import { FailureLines } from './observability/failure-lines.ts';
import type { Logger } from './observability/logger.ts';
import { messageFirst } from './observability/message-first-log.ts';
import { RequestLines } from './observability/request-lines.ts';
import { guardOf, knownUsersOf } from './policy-of.ts';
import { Registry } from './registry/registry.ts';
import { alone, type ServerGroup } from './server-group.ts';
import { packagedFiles } from './storage/filesystem/packaged-files.ts';
import { whileItSpeaks } from './storage/log.ts';
import { longestTimerMs, longTimeout } from './storage/long-timer.ts';
import { RequestTurns } from './storage/request-turns.ts';
import type { StorageMeters } from './storage/storage-meters.ts';
import { TlsEndpoint } from './tls/tls-endpoint.ts';

export interface RegistryServer {
  readonly app: FastifyInstance;
  readonly registry: Registry;
  readonly mounts: readonly OpenedMount[];
  /** Undefined: plain HTTP. */
  readonly tls: TlsEndpoint | undefined;
  /**
   * Goes by other settings from now on, as far as a running server can (config/reloadable.ts): `changed` are those that others are than before.
   * What was begun ends as it was begun.
   */
  follow(settings: Settings, changed: ReadonlySet<string>): void;
  /** Opens the socket, unless one that is open is given by its descriptor, and returns what it listens on. */
  listen(address: ListenAddress, descriptor?: number): Promise<ListenAddress>;
  /** Opens the listener for metrics, where there is one, and returns where that is. */
  listenForMetrics(): Promise<ListenAddress | undefined>;
  /**
   * Takes no new requests, lets running ones finish for `deadlineMs`, cuts the rest, waits until it `mayClose`, and ends the registry's
   * own work.
   */
  stop(deadlineMs: number, mayClose?: () => Promise<void>): Promise<void>;
}

export interface Served {
  /** As written on the command line; empty: only the registry's own directory is served. */
  readonly paths: readonly string[];
  /** The registry's own directory; undefined: with paths alone it is not served. */
  readonly root: string | undefined;
  readonly cacheDirectory: string;
  /** Absolute; where the layouts of `paths` have their blobs; undefined: each has its own. */
  readonly sharedBlobs?: string | undefined;
}

/** Of a program that this server is a part of. */
export interface ServerWatch {
  /** Told of each request, whatever the settings say. */
  readonly requests?: RequestLog;
  readonly faults?: Faults;
}

/** Opens what is served and starts the registry's own work; nothing listens yet. */
export async function createServer(
  settings: Settings,
  log: Logger,
  served: Served,
  group: ServerGroup = alone,
  watch: ServerWatch = {},
): Promise<RegistryServer> {
  const saidOnce = whileItSpeaks(messageFirst(log), group.speaks);
  // First: what it refuses leaves nothing behind.
  const users = await knownUsersOf(
    settings,
    settings.storage.ephemeral ? undefined : served.root,
    saidOnce,
    group.passwords,
  );
  const tls = tlsEndpointOf(settings, log, group);
  const audit = await auditOf(settings, log);
  const metrics = metricsOf(settings, group);
  assertSecrets(settings);
  const mounts = await mountsOf(settings, log, served, metrics?.events);
  const root = writtenRootOf(mounts, served);
  const guard = await guardOf(users, root, messageFirst(log), group).catch(async (error) => {
    await Promise.all(mounts.map(({ reader }) => reader.close()));
    throw error;
  });
  const events = new ServerEvents(settings, messageFirst(log), group);
  const turns = new RequestTurns();
  const registry = new Registry({
    mounts,
    turns,
    log: messageFirst(log),
    rules: layoutRulesOf(settings),
    owners: group.owners,
    sharers: group.sharers,
    processes: group.size,
    meters: metrics?.events,
    desk: events.desk,
  });
  metrics?.watch(registry.figures);
  const requestLines = new RequestLines(log, settings.log.requests);
  const appOptions: AppOptions = {
    registry,
    policy: guard.policy,
    tokens: guard.tokens,
    audit,
    shared: group.limits,
    // A stream of HTTP/2 may come over a socket that was read from before in the turn: each looks for itself then.
    ...(tls?.http2 === true ? {} : { onArrival: () => turns.arrived() }),
    settings: { ...httpSettingsOf(settings, group), tls },
    failures: new FailureLines(log),
    pageFiles: () => packagedFiles('#page/index.html'),
    log: watch.requests ?? requestLines,
    faults: watch.faults,
    metrics,
    live: events.feed,
    serves: metrics !== undefined && settings.metrics.listen === undefined ? 'all' : 'registry',
  };
  const { app, follow: followInHttp } = buildApp(appOptions);
  const metricsListener = metricsListenerOf(settings, appOptions, group);
  group.join(registry, app.server);
  for (const warning of oddRules(settings)) log.warn(warning);
  await registry.start();
  await events.start(registry, mounts, metrics?.events);
  const watches = mounts.flatMap(({ archives }) => {
    const onChange: ArchiveWatchOptions['onChange'] = (added, removed) => registry.exchange(added, removed);
    return archives === undefined ? [] : [new ArchiveWatch({ archives, onChange, log: saidOnce })];
  });
  if (settings.layouts.scan === 'startup') void registry.scan();
  return {
    app,
    registry,
    mounts,
    tls,
    follow: (followed, changed) => {
      requestLines.isWanted = followed.log.requests;
      followInHttp(httpSettingsOf(followed, group));
      metricsListener?.follow(httpSettingsOf(followed, group));
      if (reloadableRights.some((path) => changed.has(path))) guard.follow(followed);
      const isRetentionNew = changed.has('retention') || changed.has('untagged');
      const isTold = isRetentionNew && group.speaks();
      if (isTold) for (const warning of oddRules(followed)) log.warn(warning);
      if (followedByRegistry.some((path) => changed.has(path))) registry.follow(layoutRulesOf(followed), { isTold });
    },
    listen: (address, fd) => listen(app, { ...address, ...(fd === undefined ? {} : { fd }) }, false),
    listenForMetrics: async () => {
      if (metricsListener === undefined) return undefined;
      const { app: metricsApp, address } = metricsListener;
      return { host: address.host, port: (await listen(metricsApp, address, true)).port };
    },
    stop: async (deadlineMs, mayClose) => {
      const apps = [app, ...(metricsListener === undefined ? [] : [metricsListener.app])];
      await Promise.all(apps.map((each) => closeWithin(each, deadlineMs, log)));
      await mayClose?.();
      await events.close();
      for (const watch of watches) watch.stop();
      tls?.stop();
      await registry.close();
      await audit?.close();
      metrics?.close();
    },
  };
}

/** Of the settings that a running server follows; the others are not the registry's. */
const followedByRegistry = ['gc.every', 'retention', 'untagged', 'scrub.every', 'scrub.rate', 'quota'];

interface OpenedFrom extends ListenAddress {
  /** Of a socket that listens already: then it is left as it is. */
  readonly fd?: number;
}

/** `isExclusive`: no other process of the server has a part in it. */
async function listen(app: FastifyInstance, from: OpenedFrom, isExclusive: boolean): Promise<ListenAddress> {
  // Without a host Node listens on `::`, which takes IPv4 as well, or on 0.0.0.0 where there is no IPv6.
  const host = from.host === everyInterface ? '' : from.host;
  // A name with two addresses would be listened to on both, and there is one socket.
  await app.listen({ ...from, host: from.fd === undefined ? host : '', exclusive: isExclusive });
  const opened = app.server.address() as AddressInfo | string;
  return typeof opened === 'string' ? { host: opened, port: 0 } : { host: opened.address, port: opened.port };
}

/** The registry's own directory; undefined where it is in memory, not served, or only read. */
function writtenRootOf(mounts: readonly OpenedMount[], { root }: Served): string | undefined {
  return mounts.some(({ path, kind, writer }) => kind === 'root' && path === root && writer !== undefined)
    ? root
    : undefined;
}

export function httpSettingsOf(
  { auth, server, manifests, deletes, limits }: Settings,
  { size }: ServerGroup = alone,
): HttpSettings {
  return {
    ...fixedHttpSettings,
    bodyMemoryBytes: Math.floor(fixedHttpSettings.bodyMemoryBytes / size),
    deletesEnabled: deletes.enabled,
    challenge: { scheme: auth.scheme, realm: auth.realm },
    hosts: hostSettingsOf(server),
    cors: server.cors ?? [],
    trustedProxies: server.trustedProxies ?? [],
    requestsPerSecond: limits.requests === 'off' ? undefined : limits.requests,
    maxConnections: limits.connections === 'off' ? undefined : limits.connections,
    warning: server.warning,
    timing: server.timing,
    maxManifestBytes: manifests.maxSize,
    // A connection that is idle for 24 days is as dead as after years.
    stallTimeoutMs: Math.min(server.stallTimeout, longestTimerMs),
    tls: undefined,
  };
}

/**
 * The name that the server listens by is one of its own. Over TLS the certificate says by which names one may come: no browser takes it for
 * a name of somebody else.
 */
function hostSettingsOf({ hosts, listen, tls }: Settings['server']): HostSettings {
  if (hosts === 'any' || (hosts === undefined && tls.certificate !== undefined)) return { checked: 'never', names: [] };
  return { checked: hosts === undefined ? 'on-loopback' : 'always', names: [...(hosts ?? []), listen.host] };
}

/** Undefined: plain HTTP. Throws a TlsFileError. */
function tlsEndpointOf(
  { server: { tls } }: Settings,
  log: Logger,
  { authorities: sharing }: ServerGroup,
): TlsEndpoint | undefined {
  const { certificate, key, ...others } = tls;
  if (certificate === undefined || key === undefined) return undefined;
  return new TlsEndpoint({ certificate, key, ...others, sharing, log: messageFirst(log) });
}

async function mountsOf(
  settings: Settings,
  log: Logger,
  served: Served,
  meters: StorageMeters | undefined,
): Promise<readonly OpenedMount[]> {
  const { storage, server, layouts } = settings;
  return openMounts({
    ...served,
    root: storage.ephemeral ? inMemory : served.root,
    memoryBytes: storage.ephemeralMemory,
    readOnly: server.readOnly,
    fileMode: storage.fileMode,
    directoryMode: storage.directoryMode,
    minFree: storage.minFree,
    links: layouts.links,
    collectsForeign: settings.gc.foreign,
    log: messageFirst(log),
    meters,
  });
}

const idleCheckMs = 50;

/** `app.close` waits for running requests without end, and for connections that only become idle meanwhile. */
async function closeWithin(app: FastifyInstance, deadlineMs: number, log: Logger): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMs);
  const deadline = longTimeout(() => {
    log.warn({ deadlineMs }, 'requests still running are cut');
    app.server.closeAllConnections();
  }, deadlineMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    deadline.stop();
  }
}
