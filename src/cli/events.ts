// Shows what waits to be told to endpoints and what could not be, and puts the latter on the queue again, or deletes it.
import { ConfigError } from '../config/config-error.ts';
import type { Environment } from '../config/environment.ts';
import type { Settings } from '../config/schema.ts';
import { type DeadLetter, EventQueue, EventQueueReader, queuedEndpoints } from '../events/event-queue.ts';
import { type RegistryEvent, repositoryOfEvent } from '../events/registry-event.ts';
import type { ObjectReader, ObjectStore } from '../storage/object-store.ts';
import { openPlace } from './command-registry.ts';
import { CommandError, exitCodes } from './failure.ts';
import { wholeRoot } from './meant-place.ts';
import { textTable } from './output-table.ts';
import { jsonDocument, shownDate, terminalColumns } from './output-text.ts';

export interface EventsOptions {
  readonly retry: boolean;
  readonly forget: boolean;
  readonly json: boolean;
  readonly settings: Settings;
  readonly environment: Environment;
}

interface ShownQueue {
  readonly endpoint: string;
  /** Files: each has what one change of a repository had to tell. */
  readonly waiting: number;
  readonly dead: readonly DeadLetter[];
}

/** Returns the exit code. Throws what failureOf explains. */
export async function events(named: string | undefined, options: EventsOptions): Promise<number> {
  const { retry, forget, json, settings, environment } = options;
  if (retry && forget) {
    throw new ConfigError([{ origin: '--forget', message: 'is the opposite of --retry; choose one' }]);
  }
  const { root } = settings.storage;
  const readOnly = !retry && !forget;
  const { registry, mounts } = await openPlace(wholeRoot(root), { root, readOnly, settings, environment });
  try {
    const queues: ShownQueue[] = [];
    for (const { reader, writer } of mounts) {
      for (const endpoint of await endpointsIn(reader, settings, named)) {
        const shown = await shownQueue(new EventQueueReader(reader, endpoint));
        queues.push(shown);
        if (!readOnly && writer !== undefined) await dealWith(shown, writer, retry);
      }
    }
    if (named !== undefined && queues.length === 0) {
      throw new CommandError(`nothing was ever told to an endpoint ${named}, and no setting names it`);
    }
    process.stdout.write(json ? jsonDocument({ endpoints: queues.map(jsonOf) }) : textOf(queues, options));
    return readOnly && queues.some(({ dead }) => dead.length > 0) ? exitCodes.failure : 0;
  } finally {
    await registry.close();
  }
}

/** Those of the settings, and those that have a queue although no setting names them any more. */
async function endpointsIn(
  reader: ObjectReader,
  { events: written }: Settings,
  named: string | undefined,
): Promise<readonly string[]> {
  const all = new Set([...written.map(({ name }) => name), ...(await queuedEndpoints(reader))]);
  return [...all].filter((each) => named === undefined || each === named).sort();
}

async function shownQueue(queue: EventQueueReader): Promise<ShownQueue> {
  const dead: DeadLetter[] = [];
  for (const key of await queue.deadKeys()) {
    const letter = await queue.dead(key);
    if (letter !== undefined) dead.push(letter);
  }
  return { endpoint: queue.endpoint, waiting: (await queue.waiting()).length, dead };
}

async function dealWith({ endpoint, dead }: ShownQueue, store: ObjectStore, retry: boolean): Promise<void> {
  const queue = new EventQueue(store, endpoint);
  for (const letter of dead) await (retry ? queue.revive(letter, Date.now()) : queue.forget(letter));
}

function textOf(queues: readonly ShownQueue[], { retry, forget }: EventsOptions): string {
  if (queues.length === 0) return 'no endpoint: see the setting "events"\n';
  const fit = { columns: terminalColumns(process.stdout), flexible: [0] };
  const rows = queues.map(({ endpoint, waiting, dead }) => [endpoint, String(waiting), String(dead.length)]);
  const overview = textTable(['ENDPOINT', 'WAITING', 'DEAD'], rows, fit);
  const letters = queues.flatMap(({ endpoint, dead }) => dead.map((letter) => rowOf(endpoint, letter)));
  if (letters.length === 0) return overview;
  const done = retry ? 'put on the queue again:' : forget ? 'deleted:' : 'dead letters:';
  const heads = ['TIME', 'ENDPOINT', 'TYPE', 'WHAT', 'WHY'];
  return `${overview}\n${done}\n${textTable(heads, letters, { ...fit, flexible: [3, 4] })}`;
}

function rowOf(endpoint: string, { event, why }: DeadLetter): string[] {
  return [shownDate(new Date(event.atMs).toISOString()) ?? '', endpoint, event.type, whatOf(event), why];
}

function whatOf(event: RegistryEvent): string {
  if (event.type === 'collection') return event.mount === '' ? '/' : event.mount;
  if (event.type === 'tag') return `${event.repository}:${event.tag}`;
  return `${event.repository}@${event.content.digest}`;
}

function jsonOf({ endpoint, waiting, dead }: ShownQueue): object {
  return {
    endpoint,
    waiting,
    dead: dead.map(({ event, why, atMs }) => ({
      id: event.id,
      time: new Date(event.atMs).toISOString(),
      type: event.type,
      repository: repositoryOfEvent(event),
      what: whatOf(event),
      why,
      since: new Date(atMs).toISOString(),
    })),
  };
}
