// What a batch of pushes costs as index.json grows: entries visited and bytes copied, the time of the processor and of the whole durable
// replacement; what a foreign change costs, and for how long the event loop is held. Its own script, since no server takes part:
// npm run bench:index [-- --short]. Writes bench/results/index.md.

import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { layoutKeys } from '../src/layout/files/keys.ts';
import { IndexDraft } from '../src/layout/index/index-draft.ts';
import { type IndexEntry, newIndexEntry } from '../src/layout/index/index-entry.ts';
import { IndexReader } from '../src/layout/index/index-reader.ts';
import type { LayoutIndex } from '../src/layout/index/layout-index.ts';
import { LayoutVersion } from '../src/layout/index/layout-version.ts';
import { annotationKeys, createdAt } from '../src/oci/annotations.ts';
import { digestOf } from '../src/oci/digest.ts';
import { mediaTypes } from '../src/oci/media-type.ts';
import { systemClock } from '../src/storage/clock.ts';
import { openFilesystemStore } from '../src/storage/filesystem/filesystem-store.ts';
import type { ObjectStore } from '../src/storage/object-store.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { spreadOf } from './statistics.ts';

const checkout = process.cwd();
const keys = layoutKeys('');
const log = { info: () => {}, slow: () => {}, warn: () => {} };

function entryOf(name: string): IndexEntry {
  return newIndexEntry({
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(Buffer.from(name)),
    size: 2_000,
    artifactType: undefined,
    annotations: { [annotationKeys.refName]: name, [annotationKeys.created]: createdAt(0) },
  });
}

/** Written in pieces: the text of a million entries is more than a string holds. */
function writeIndex(path: string, count: number): void {
  const file = openSync(path, 'w');
  writeFileSync(file, `{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":[\n`);
  for (let at = 0; at < count; at += 1_000) {
    const size = Math.min(1_000, count - at);
    const lines = Array.from({ length: size }, (_, each) => entryOf(`tag-${at + each}`).line).join(',\n');
    appendFileSync(file, `${lines}${at + size < count ? ',' : ''}\n`);
  }
  appendFileSync(file, ']}\n');
  closeSync(file);
}

interface Timed<Result> {
  readonly result: Result;
  readonly tookMs: number;
  /** The longest time for which the event loop could do nothing else. */
  readonly heldMs: number;
}

async function timed<Result>(work: () => Promise<Result>): Promise<Timed<Result>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.reset();
  const beganMs = performance.now();
  const result = await work();
  const tookMs = performance.now() - beganMs;
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.disable();
  return { result, tookMs, heldMs: delay.max / 1e6 };
}

interface Batch {
  readonly visited: number;
  readonly copiedBytes: number;
  readonly editMs: number;
  readonly wholeMs: number;
}

let pushed = 0;
let batches = 0;

/** As a batch of pushes of new tags edits it, and of tags that are moved. */
async function batchOf(edits: number, store: ObjectStore, base: LayoutIndex, moved: number) {
  const beganMs = performance.now();
  const draft = new IndexDraft(base);
  const every = Math.max(1, Math.floor(base.document.size / Math.max(1, moved)));
  batches += 1;
  for (let at = 0; at < edits; at += 1) {
    pushed += 1;
    const entry = entryOf(at < moved ? `tag-${at * every + batches}` : `new-${pushed}`);
    for (const before of entry.digest === undefined ? [] : draft.listed(entry.digest)) draft.remove(before);
    draft.add(entry);
  }
  const index = draft.finish();
  const { pieces } = index.document;
  const editMs = performance.now() - beganMs;
  const { previous } = await store.update(keys.index, async () => {
    return { bytes: pieces, first: [], record: () => [], note: () => [], remove: [] };
  });
  await previous?.close();
  const known = new Set(base.document.segments);
  const made = index.document.segments.filter((segment) => !known.has(segment));
  const batch: Batch = {
    visited: made.reduce((sum, { entries }) => sum + entries.length, 0),
    copiedBytes: made.reduce((sum, { bytes }) => sum + bytes.length, 0),
    editMs,
    wholeMs: performance.now() - beganMs,
  };
  return { index, batch };
}

/** Another program changes one line in the middle, in place. */
function changeOneLine(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('"size":2000', Math.floor(bytes.length / 2));
  bytes.write('"size":3000', at);
  writeFileSync(path, bytes);
}

const medianOf = (figures: readonly number[]) => spreadOf(figures)?.median ?? 0;

async function measured(count: number, rounds: number, scratch: string): Promise<readonly string[]> {
  const root = join(scratch, `${count}`);
  mkdirSync(root);
  const path = join(root, 'index.json');
  writeIndex(path, count);
  const store = await openFilesystemStore(root, { log });
  try {
    const reader = () =>
      new IndexReader({
        store,
        key: keys.index,
        version: new LayoutVersion(store, keys),
        clock: systemClock,
        log,
        onForeign: () => {},
      });
    const read = reader();
    const first = await timed(() => read.current());
    changeOneLine(path);
    const foreign = await timed(() => read.current());
    writeFileSync(path, JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, 1));
    const pretty = await timed(() => reader().current());
    let index = foreign.result;
    const cells: string[] = [];
    for (const [edits, moved] of [
      [1, 0],
      [64, 0],
      [64, 64],
      [1_024, 0],
    ] as const) {
      const done: Batch[] = [];
      for (let round = 0; round < rounds && index !== undefined; round += 1) {
        const next = await batchOf(edits, store, index, moved);
        index = next.index;
        done.push(next.batch);
      }
      const median = (key: keyof Batch) => medianOf(done.map((each) => each[key]));
      cells.push(
        `| ${count.toLocaleString('en')} | ${edits}${moved > 0 ? ' all over' : ''} | ${median('visited').toFixed(0)} | ${(median('copiedBytes') / 1e3).toFixed(0)} | ` +
          `${median('editMs').toFixed(2)} | ${median('wholeMs').toFixed(1)} |`,
      );
    }
    const megabytes = (index?.document.pieces.reduce((sum, { length }) => sum + length, 0) ?? 0) / 1e6;
    const of = ({ tookMs, heldMs }: Timed<unknown>) => `${tookMs.toFixed(0)} (${heldMs.toFixed(0)})`;
    const reads = `| ${count.toLocaleString('en')} | ${megabytes.toFixed(1)} | ${of(first)} | ${of(foreign)} | ${of(pretty)} |`;
    return [reads, ...cells];
  } finally {
    await store.close();
    rmSync(root, { recursive: true });
  }
}

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const scratch = mkdtempSync(join(tmpdir(), 'moorage-index-'));
try {
  // The first one warms up.
  await measured(2_000, 3, scratch);
  const tables: (readonly string[])[] = [];
  for (const count of values.short ? [1_000, 10_000] : [10_000, 100_000, 1_000_000]) {
    tables.push(await measured(count, values.short ? 2 : count > 100_000 ? 5 : 15, scratch));
  }
  const machine = describeMachine(scratch);
  const report = [
    '# What a batch costs as index.json grows',
    '',
    'Written by `npm run bench:index`. Medians of 15 batches (5 at a million) one after the other, on the store alone: no HTTP, no journal.',
    '',
    `Commit ${describeCommit(checkout)}, Node ${process.versions.node}, ${machine.cpu}, ${machine.fileSystem}, ${machine.kernel}.`,
    '',
    'A batch: the entries and the bytes of the segments that it makes anew, the time until they are made, and until the whole file is durable.',
    '"All over": tags that are moved, evenly spread over the file; else new ones.',
    '',
    '| Entries | Edits | Entries visited | Copied, kB | Edited, ms | Durable, ms |',
    '|---|---|---|---|---|---|',
    ...tables.flatMap(([, ...cells]) => cells),
    '',
    'Reading: milliseconds, and in brackets the longest time for which the event loop was held.',
    '',
    '| Entries | MB | The first time | One line changed by another program | The first time, indented |',
    '|---|---|---|---|---|',
    ...tables.map(([reads = '']) => reads),
    '',
  ];
  const output = join(checkout, values.short ? 'build/bench/index.md' : 'bench/results/index.md');
  writeFileSync(output, report.join('\n'));
  process.stdout.write(`${report.join('\n')}\nreport: ${output}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
