// The public API of the package: a registry inside another program, for tests and tools.

import { resolve } from 'node:path';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { urlOf } from './config/listen-address.ts';
import { defaultSettings } from './config/load.ts';
import type { Settings } from './config/schema.ts';
import { nearest } from './config/suggestion.ts';
import { Filling, type SeededImage } from './embedded/filling.ts';
import type { ImageToPush, IndexToPush, PushedContent } from './embedded/image-to-push.ts';
import { type SeenRequest, SeenRequests } from './embedded/seen-requests.ts';
import { type Fault, type InjectedFault, TestFaults } from './embedded/test-faults.ts';
import { userCacheDirectory } from './mounts/work-directory.ts';
import { silentLogger } from './observability/logger.ts';
import { messageFirst } from './observability/message-first-log.ts';
import { printableText } from './oci/printable-text.ts';
import { createServer, type Served } from './server.ts';

export type { InjectOptions, LightMyRequestResponse } from 'fastify';
export type { SeededImage } from './embedded/filling.ts';
export type { ImageToPush, IndexToPush, LayerFiles, PushedContent } from './embedded/image-to-push.ts';
export type { RouteKind } from './embedded/route-kind.ts';
export type { SeenRequest } from './embedded/seen-requests.ts';
export type { Fault, FaultTarget, InjectedFault } from './embedded/test-faults.ts';

export interface RegistryOptions {
  /** Directory of the registry, created when missing. Without it and without paths everything is in memory, and gone after `close`. */
  readonly root?: string;
  /** Directories of layouts, layouts and archives of them, each as `serve` takes it: `PATH`, `NAME=PATH` or `NAME=PATH:ro`. */
  readonly paths?: readonly string[];
  /** The directory in which the layouts of `paths` have their blobs (`skopeo copy --dest-shared-blob-dir`); they are then read-only. */
  readonly sharedBlobs?: string;
  /** Refuse pushes (403) and deletes (405). Default: false. */
  readonly readOnly?: boolean;
  /** Refuse manifests whose layers, config or child manifests are not in the repository. Default: false. */
  readonly requireReferences?: boolean;
  /** The largest manifest accepted. Default: 8 MiB. */
  readonly maxManifestBytes?: number;
  /** False: deletes answer 405. Default: true. */
  readonly deletes?: boolean;
  /** An unfinished upload is removed so long after its last byte. Default: 24 hours. */
  readonly uploadsExpireAfterMs?: number;
  /** Names by which clients may come, besides addresses and names that nobody else can have; `any`: all. Default: as `server.hosts`. */
  readonly hosts?: readonly string[] | 'any';
  /** Text of a Warning header on every answer. Default: none. */
  readonly warning?: string;
}

export interface ListenOptions {
  /** `*` is every interface. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: 0, a free one. */
  readonly port?: number;
}

export interface Listening {
  /** `http://127.0.0.1:41234`, to be used by HTTP clients; without the scheme it begins an image reference. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** A registry in this process. It prints and logs nothing. */
export interface EmbeddedRegistry {
  /** Opens a socket; at most once. */
  listen(options?: ListenOptions): Promise<Listening>;
  /** Answers a request without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>;
  /**
   * Makes requests go wrong: late, refused, broken off, or with a wrong byte. What is broken off or corrupted needs a socket (`listen`).
   *
   *     registry.fault({ route: 'blobs', method: 'GET', times: 2, status: 503 });
   */
  fault(fault: Fault): InjectedFault;
  /** What was asked and how it was answered, the last 10,000, in the order in which the answers left. */
  readonly requests: readonly SeenRequest[];
  /** Puts an image there as a client would: `push('team/app:v1', { layers: [{ 'etc/hello': 'hi' }] })`. Returns its descriptor. */
  push(reference: string, image?: ImageToPush | IndexToPush): Promise<PushedContent>;
  /** Copies everything of a layout, of a directory of layouts, or of an archive, under its own names or below `name`. */
  seed(path: string, name?: string): Promise<readonly SeededImage[]>;
  /** Cuts what still runs and closes the socket; what was acknowledged stays. May be called again. */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a registry; it answers `inject` at once, and a socket after `listen`. Throws a TypeError for an option that it does not know.
 *
 *     const registry = await createRegistry();
 *     const { url } = await registry.listen();
 *     // ... push to and pull from `url` ...
 *     await registry.close();
 */
export async function createRegistry(options: RegistryOptions = {}): Promise<EmbeddedRegistry> {
  refuseUnknown('createRegistry', options, registryOptions);
  const settings = settingsOf(options);
  const faults = new TestFaults();
  const requests = new SeenRequests();
  const logger = silentLogger();
  const served: Served = {
    paths: options.paths ?? [],
    root: options.root,
    cacheDirectory: userCacheDirectory(process.env),
    sharedBlobs: options.sharedBlobs === undefined ? undefined : resolve(options.sharedBlobs),
  };
  const server = await createServer(settings, logger, served, undefined, { requests, faults });
  const filling = new Filling({ registry: server.registry, settings, log: messageFirst(logger) });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= server.stop(0);
    return closing;
  };
  return {
    listen: async (listenOptions = {}) => {
      refuseUnknown('listen', listenOptions, knownListenOptions);
      const { host = '127.0.0.1', port = 0 } = listenOptions;
      const opened = { host, port: (await server.listen({ host, port })).port };
      return { url: urlOf(opened), ...opened };
    },
    inject: (request) => server.app.inject(request),
    fault: (fault) => {
      refuseUnknown('fault', fault, knownFaultOptions);
      return faults.add(fault);
    },
    requests: requests.all,
    push: (reference, image = {}) => filling.push(reference, image),
    seed: (path, name) => filling.seed(resolve(path), name),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Their names alone count; a name that is forgotten here does not compile. */
const registryOptions: Readonly<Record<keyof RegistryOptions, null>> = {
  root: null,
  paths: null,
  sharedBlobs: null,
  readOnly: null,
  requireReferences: null,
  maxManifestBytes: null,
  deletes: null,
  uploadsExpireAfterMs: null,
  hosts: null,
  warning: null,
};

const knownFaultOptions: Readonly<Record<keyof Fault, null>> = {
  route: null,
  method: null,
  repository: null,
  reference: null,
  after: null,
  times: null,
  delayMs: null,
  status: null,
  cutAfterBytes: null,
  cutRequestAfterBytes: null,
  corruptByteAt: null,
};

const knownListenOptions: Readonly<Record<keyof ListenOptions, null>> = { host: null, port: null };

/** A misspelled `readOnly` would otherwise make a registry that takes pushes. */
function refuseUnknown(what: string, options: object, known: Readonly<Record<string, null>>): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const suggestion = nearest(name, Object.keys(known));
    const hint = suggestion === undefined ? `it knows ${Object.keys(known).join(', ')}` : `did you mean ${suggestion}?`;
    throw new TypeError(`${what}: ${printableText(name, 100)} is not an option; ${hint}`);
  }
}

function settingsOf(options: RegistryOptions): Settings {
  const defaults = defaultSettings();
  const { root, paths = [] } = options;
  return {
    ...defaults,
    storage:
      root === undefined && paths.length === 0
        ? { ...defaults.storage, ephemeral: true }
        : { ...defaults.storage, root: root ?? defaults.storage.root },
    server: {
      ...defaults.server,
      readOnly: options.readOnly ?? defaults.server.readOnly,
      hosts: options.hosts ?? defaults.server.hosts,
      warning: options.warning ?? defaults.server.warning,
    },
    manifests: {
      requireReferences: options.requireReferences ?? defaults.manifests.requireReferences,
      maxSize: options.maxManifestBytes ?? defaults.manifests.maxSize,
    },
    deletes: { ...defaults.deletes, enabled: options.deletes ?? defaults.deletes.enabled },
    uploads: { expireAfter: options.uploadsExpireAfterMs ?? defaults.uploads.expireAfter },
    log: { ...defaults.log, requests: false },
    metrics: { ...defaults.metrics, enabled: false },
  };
}
