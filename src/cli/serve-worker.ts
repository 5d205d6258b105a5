// One of several processes of a server: answers requests until its parent tells it to stop, or is gone.
import { settingsFrom } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { changesBetween } from '../config/setting-changes.ts';
import { groupOf } from '../worker-group.ts';
import type { RootPlace } from '../workers/messages.ts';
import { WorkerLink } from '../workers/worker-link.ts';
import { CommandError, exitCodes, failureOf } from './failure.ts';
import { createLogger } from './log-output.ts';
import { isSamePlace, placeOf } from './root-place.ts';
import type { WorkerTask } from './serve-workers.ts';
import { sourceFailureOf } from './source-failure.ts';
import { announce, listRepositories, type ServeRequest, type ServerVoice, startServer } from './started-server.ts';

const standardError = 2;

/** Returns the exit code. When the parent dies Node ends this process at once (node:cluster). */
export async function serveAsWorker(): Promise<number> {
  const draining = signalOnce<number>();
  const closing = signalOnce<void>();
  const link = await WorkerLink.open<WorkerTask>({ onDrain: draining.give, onClose: closing.give });
  const { order } = link;
  const settings = settingsFrom(order.work.written);
  const { log, flush } = createLogger({ ...settings.log, fileDescriptor: standardError });
  process.once('exit', flush);
  process.once('uncaughtException', (error) => {
    log.fatal({ error }, 'internal error, stopping');
    process.exit(exitCodes.failure);
  });
  const voice: ServerVoice = { log, print: (text) => link.print(text) };
  // Its parent reads the file again, for all.
  const unread = { file: undefined, environment: process.env };
  const request: ServeRequest = { ...order.work, ...unread, settings: onPort(settings, order.port) };
  const group = groupOf(link);
  // What is to be said of the start was said by the first one.
  if (!order.announces) log.level = 'error';
  try {
    assertSameRoot(request.root, order.root);
    const started = await startServer(request, voice, group);
    log.level = settings.log.level;
    followWork(link, (followed, changed) => {
      log.level = followed.log.level;
      started.server.follow(onPort(followed, order.port), changed);
    });
    if (order.announces) announce(started, request, voice, group);
    link.listening(started.port, placeOf(request.root));
    const stopping = new AbortController();
    const listing = order.announces ? listRepositories(started, request, voice, stopping.signal) : undefined;
    const withinMs = await draining.given;
    stopping.abort();
    await listing;
    await started.server.stop(withinMs, async () => {
      link.drained();
      await closing.given;
    });
    return 0;
  } catch (error) {
    const failure = failureOf(error) ?? sourceFailureOf(error);
    if (failure === undefined) throw error;
    await link.failed(failure.message, failure.exitCode);
    return failure.exitCode;
  }
}

function followWork(
  link: WorkerLink<WorkerTask>,
  follow: (settings: Settings, changed: ReadonlySet<string>) => void,
): void {
  let { written } = link.order.work;
  link.followedBy({
    follow: (work) => {
      const changed = new Set(changesBetween(written, work.written).map(({ path }) => path));
      written = work.written;
      follow(settingsFrom(written), changed);
    },
  });
}

/** A volume that went away leaves its mount point: the others refuse, and what was pushed here would be hidden once it is back. */
function assertSameRoot(root: string | undefined, known: RootPlace | undefined): void {
  if (known === undefined || isSamePlace(known, placeOf(root))) return;
  throw new CommandError(`${root} is not the storage directory that the other processes of this server opened`);
}

function onPort(settings: Settings, port: number | undefined): Settings {
  const { server } = settings;
  return { ...settings, server: { ...server, listen: { ...server.listen, port: port ?? server.listen.port } } };
}

function signalOnce<Value>(): { readonly given: Promise<Value>; readonly give: (value: Value) => void } {
  let give: (value: Value) => void = () => {};
  const given = new Promise<Value>((resolve) => {
    give = resolve;
  });
  return { given, give: (value) => give(value) };
}
