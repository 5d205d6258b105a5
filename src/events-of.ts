// What is told of changes, from the settings: the desk that takes them, and the deliveries of a server. Deliveries are loaded where there is an endpoint.
import { hostname } from 'node:os';
import { ConfigError, type ConfigProblem } from './config/config-error.ts';
import type { Settings } from './config/schema.ts';
import { type DeliveryMeters, noDeliveryMeters } from './events/delivery-meters.ts';
import type { EventEndpoint } from './events/endpoint.ts';
import { type SecretFile, secretIn } from './events/endpoint-secrets.ts';
import { EventDesk } from './events/event-desk.ts';
import { EventFeed } from './events/event-feed.ts';
import type { RegistryEvent } from './events/registry-event.ts';
import type { Mount } from './registry/mount.ts';
import type { Registry } from './registry/registry.ts';
import type { ServerGroup } from './server-group.ts';
import { systemClock } from './storage/clock.ts';
import { WatchedFile } from './storage/filesystem/watched-file.ts';
import type { Log } from './storage/log.ts';
import type { ObjectStore } from './storage/object-store.ts';

const maxSecretBytes = 64 * 1024;

/** For a command: what it changes is told by the server that has the queue, or by the next one that does. Undefined where nobody is told. */
export function commandDeskOf(settings: Settings, log: Log): EventDesk | undefined {
  return settings.events.length === 0 ? undefined : eventDeskOf(settings, log, () => {});
}

function eventDeskOf({ events }: Settings, log: Log, onEvents: (events: readonly RegistryEvent[]) => void): EventDesk {
  return new EventDesk({ endpoints: events.map(endpointOf), clock: systemClock, log, onEvents });
}

type WrittenEndpoint = Settings['events'][number];

function endpointOf({
  secretFile,
  authorizationFile,
  timeout,
  giveUpAfter,
  ...others
}: WrittenEndpoint): EventEndpoint {
  return {
    ...others,
    secret: secretFile === undefined ? undefined : fileOf(secretFile),
    authorization: authorizationFile === undefined ? undefined : fileOf(authorizationFile),
    timeoutMs: timeout,
    giveUpAfterMs: giveUpAfter,
  };
}

function fileOf(path: string): SecretFile {
  return new WatchedFile(path, { maxBytes: maxSecretBytes });
}

/** Refuses with a ConfigError where a secret cannot be read: what is sent without it would be refused, for days. */
export function assertSecrets({ events }: Settings): void {
  const problems = events.flatMap(({ name, secretFile, authorizationFile }) =>
    [secretFile, authorizationFile].flatMap((path): ConfigProblem[] => {
      const secret = path === undefined ? undefined : secretIn(fileOf(path).current());
      if (secret === undefined || !('problem' in secret)) return [];
      return [{ origin: 'events', message: `cannot use ${path} of the endpoint ${name}: ${secret.problem}` }];
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

interface StartedDeliveries {
  wake(): void;
  close(): Promise<void>;
}

/** Undefined where nobody is told. `process`: unique among all processes. */
async function startDeliveries(
  { events }: Settings,
  stores: readonly ObjectStore[],
  watch: { readonly process: string; readonly log: Log; readonly meters: DeliveryMeters },
): Promise<StartedDeliveries | undefined> {
  if (events.length === 0 || stores.length === 0) return undefined;
  const [{ Deliveries }, { deliverByHttp }] = await Promise.all([
    import('./events/deliveries.ts'),
    import('./events/http-delivery.ts'),
  ]);
  const endpoints = events.map(endpointOf);
  const deliveries = new Deliveries({
    ...{ stores, endpoints, deliver: deliverByHttp, host: hostname(), clock: systemClock },
    ...watch,
  });
  deliveries.start();
  return deliveries;
}

/** All of it, of one process of a server. */
export class ServerEvents {
  readonly desk: EventDesk;
  readonly feed: EventFeed;
  readonly #settings: Settings;
  readonly #log: Log;
  #deliveries: StartedDeliveries | undefined;

  constructor(settings: Settings, log: Log, { events: sharing }: Pick<ServerGroup, 'events'>) {
    this.#settings = settings;
    this.#log = log;
    this.feed = new EventFeed({ host: hostname(), sharing });
    this.desk = eventDeskOf(settings, log, (events) => {
      this.feed.add(events);
      this.#deliveries?.wake();
    });
  }

  async start(
    { process }: Pick<Registry, 'process'>,
    mounts: readonly Mount[],
    meters: DeliveryMeters | undefined,
  ): Promise<void> {
    const stores = mounts.flatMap(({ writer }) => writer ?? []);
    const watch = { process, log: this.#log, meters: meters ?? noDeliveryMeters };
    this.#deliveries = await startDeliveries(this.#settings, stores, watch);
  }

  /** Before the directories are closed. */
  async close(): Promise<void> {
    await this.#deliveries?.close();
  }
}
