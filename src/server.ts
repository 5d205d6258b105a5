// The composition root: settings -> store -> registry -> HTTP application -> listening socket, and the way back.
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { openPolicy } from './auth/open-policy.ts';
import type { ListenAddress } from './config/listen-address.ts';
import type { Settings } from './config/schema.ts';
import { buildApp } from './http/app.ts';
import { defaultHttpSettings } from './http/http-settings.ts';
import { FailureLines } from './observability/failure-lines.ts';
import type { Logger } from './observability/logger.ts';
import { messageFirst } from './observability/message-first-log.ts';
import { RequestLines } from './observability/request-lines.ts';
import { Registry } from './registry/registry.ts';
import { openFilesystemStore } from './storage/filesystem/filesystem-store.ts';
import { MemoryStore } from './storage/memory/memory-store.ts';
import type { ObjectStore } from './storage/object-store.ts';

export interface RegistryServer {
  readonly app: FastifyInstance;
  /** Opens the socket and returns the port. */
  listen(address: ListenAddress): Promise<number>;
  /** Takes no new requests, lets running ones finish for `deadlineMs`, cuts the rest, and ends the registry's own work. */
  stop(deadlineMs: number): Promise<void>;
}

/** Opens the store and starts the registry's own work; nothing listens yet. */
export async function createServer(settings: Settings, log: Logger): Promise<RegistryServer> {
  const store = await openStore(settings, log);
  const registry = new Registry({
    store,
    log: messageFirst(log),
    requireReferences: settings.manifests.requireReferences,
    uploadsExpireAfterMs: settings.uploads.expireAfter,
    readOnly: settings.server.readOnly,
  });
  const app = buildApp({
    registry,
    policy: openPolicy,
    settings: {
      ...defaultHttpSettings,
      readOnly: settings.server.readOnly,
      deletesEnabled: settings.deletes.enabled,
      warning: settings.server.warning,
      maxManifestBytes: settings.manifests.maxSize,
      stallTimeoutMs: settings.server.stallTimeout,
    },
    failures: new FailureLines(log),
    log: settings.log.requests ? new RequestLines(log) : undefined,
  });
  registry.start();
  return {
    app,
    listen: async ({ host, port }) => {
      await app.listen({ host, port });
      return (app.server.address() as AddressInfo).port;
    },
    stop: async (deadlineMs) => {
      await closeWithin(app, deadlineMs, log);
      await registry.close();
    },
  };
}

function openStore({ storage, server }: Settings, log: Logger): Promise<ObjectStore> | ObjectStore {
  if (storage.ephemeral) return new MemoryStore();
  return openFilesystemStore(storage.root, {
    log: messageFirst(log),
    readOnly: server.readOnly,
    fileMode: storage.fileMode,
    directoryMode: storage.directoryMode,
  });
}

const idleCheckMs = 50;

/** `app.close` waits for running requests without end, and for connections that only become idle meanwhile. */
async function closeWithin(app: FastifyInstance, deadlineMs: number, log: Logger): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMs);
  const deadline = setTimeout(() => {
    log.warn({ deadlineMs }, 'requests still running are cut');
    app.server.closeAllConnections();
  }, deadlineMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
}
