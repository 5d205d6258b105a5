// What a driver hands to the contract suites, and small things that the suites share.
import { Readable } from 'node:stream';
import { newUploadId } from '../../src/oci/upload-id.ts';
import type {
  AppendOptions,
  Change,
  CurrentObject,
  Key,
  ObjectReader,
  ObjectStore,
  StagedObject,
  Updated,
} from '../../src/storage/object-store.ts';

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** The same objects through another instance: a restart, or a second server on one root. */
  another(): Promise<ObjectStore>;
  /** What the driver keeps besides objects and unfinished uploads: nothing, whenever nothing is under way. */
  leftovers(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

export function key(text: string): Key {
  return text as Key;
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString();
}

export async function textAt(store: ObjectReader, at: Key): Promise<string | undefined> {
  return textOf((await store.read(at, Number.POSITIVE_INFINITY))?.bytes);
}

/** A change that puts `text` there, whatever was there. */
export function replaceBy(text: string): Change {
  return async () => ({ bytes: bytesOf(text), first: [], record: () => [], note: () => [], remove: [] });
}

/** A change that adds a line to what is there. */
export function addLine(line: string): Change {
  return async (now) => ({
    bytes: bytesOf(`${await lines(now)}${line}\n`),
    first: [],
    record: () => [],
    note: () => [],
    remove: [],
  });
}

async function lines(now: CurrentObject | undefined): Promise<string> {
  return now === undefined ? '' : (textOf((await now.read(megabyte)).bytes) ?? '');
}

/** Updates and lets go of what was replaced. */
export async function updateAndClose(store: ObjectStore, at: Key, change: Change): Promise<Updated> {
  const updated = await store.update(at, change);
  await updated.previous?.close();
  return updated;
}

/** More than any object of these tests has. */
export const megabyte = 1024 * 1024;

export const noChunks: AppendOptions['onChunk'] = () => {};

export function appendText(staged: StagedObject, text: string): Promise<number> {
  return staged.append(Readable.from([bytesOf(text)]), { signal: new AbortController().signal, onChunk: noChunks });
}

export async function stageText(store: ObjectStore, text: string): Promise<StagedObject> {
  const staged = await store.stage(newUploadId(), {});
  await appendText(staged, text);
  return staged;
}

export async function readAll(staged: StagedObject): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of staged.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
