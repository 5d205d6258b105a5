// An app over a real registry in memory, closed with the test that asked for it.

import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { openPolicy } from '../../../src/auth/open-policy.ts';
import type { Policy } from '../../../src/auth/policy.ts';
import type { TokenService } from '../../../src/auth/tokens/token-service.ts';
import { defaultSettings } from '../../../src/config/load.ts';
import { buildApp, type HttpApp } from '../../../src/http/app.ts';
import type { Audit } from '../../../src/http/audit.ts';
import type { BlobSender } from '../../../src/http/blob-sender.ts';
import type { HttpSettings } from '../../../src/http/http-settings.ts';
import type { LiveEvents } from '../../../src/http/live-events.ts';
import type { Metrics } from '../../../src/http/metrics.ts';
import type { RequestLine } from '../../../src/http/request-log.ts';
import type { ServedRoutes } from '../../../src/http/routes.ts';
import type { LayoutRules } from '../../../src/registry/layout-rules.ts';
import type { Mount } from '../../../src/registry/mount.ts';
import { Registry } from '../../../src/registry/registry.ts';
import type { RegistryDesk } from '../../../src/registry/registry-desk.ts';
import type { RegistryParts } from '../../../src/registry/registry-parts.ts';
import { httpSettingsOf } from '../../../src/server.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { mountOver } from '../../support/mounts.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';

export interface RegistryAppOptions extends Pick<RegistryParts, 'checkedAtOnceBytes'> {
  readonly verifyReads?: LayoutRules['verifyReads'];
  readonly settings?: Partial<HttpSettings>;
  readonly policy?: Policy;
  readonly tokens?: TokenService;
  readonly audit?: Audit;
  readonly store?: ObjectStore;
  readonly sender?: BlobSender;
  /** By default nothing is done with what is counted. */
  readonly metrics?: Metrics;
  readonly serves?: ServedRoutes;
  readonly requireReferences?: boolean;
  /** Others than those of a registry without settings. */
  readonly rules?: Partial<LayoutRules>;
  readonly isLogged?: boolean;
  /** Undefined: nothing is told. */
  readonly live?: LiveEvents;
  readonly desk?: RegistryDesk;
  readonly readOnly?: boolean;
  /** One that another app is over as well. */
  readonly registry?: Registry;
  /** Instead of one store for all names. */
  readonly mounts?: readonly Mount[];
}

export interface RegistryApp {
  readonly app: FastifyInstance;
  readonly follow: HttpApp['follow'];
  readonly registry: Registry;
  /** Errors that were hidden from clients, in order. */
  readonly failures: unknown[];
  readonly lines: RequestLine[];
}

const uncounted: Metrics = {
  meterOf: () => ({ answered: () => {} }),
  exposition: async () => ({ contentType: 'text/plain', text: '' }),
};

export function registryApp(options: RegistryAppOptions = {}): RegistryApp {
  const { settings, policy = openPolicy, store = new MemoryStore(), sender, requireReferences = false } = options;
  const { verifyReads = defaultRules.verifyReads } = options;
  const registry =
    options.registry ??
    new Registry({
      mounts: options.mounts ?? [mountOver(store, { readOnly: options.readOnly ?? false })],
      rules: { ...defaultRules, uploadsExpireAfterMs: 60_000, requireReferences, verifyReads, ...options.rules },
      log: silentLog,
      desk: options.desk,
      ...(options.checkedAtOnceBytes === undefined ? {} : { checkedAtOnceBytes: options.checkedAtOnceBytes }),
    });
  const failures: unknown[] = [];
  const lines: RequestLine[] = [];
  const { app, follow } = buildApp({
    registry,
    policy,
    tokens: options.tokens,
    audit: options.audit,
    metrics: options.metrics ?? uncounted,
    live: options.live,
    serves: options.serves ?? 'all',
    settings: { ...httpSettingsOf(defaultSettings()), ...settings },
    failures: { failure: (error) => failures.push(error) },
    ...(sender === undefined ? {} : { sender }),
    ...(options.isLogged ? { log: { isWanted: true, request: (line) => lines.push(line) } } : {}),
  });
  onTestFinished(async () => {
    await app.close();
    await registry.close();
  });
  return { app, follow, registry, failures, lines };
}
