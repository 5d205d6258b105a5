// What a push of a tag costs as index.json grows, counted and not timed: entries visited, bytes copied, JSON parsed, looks at files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { IndexDocument } from '../../../../src/layout/index/index-document.ts';
import { IndexDraft } from '../../../../src/layout/index/index-draft.ts';
import { newIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { imageManifest } from '../../../support/content.ts';
import { digestAt, pushImage, pushManifest, tagsOf } from '../../../support/pushes.ts';
import { type DirectoryOptions, directoryRegistry } from '../../../support/registry-under-test.ts';

const image = imageManifest();

function entryOf(at: number): string {
  return newIndexEntry({
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(Buffer.from(`${at}`)),
    size: 1_000,
    artifactType: undefined,
    annotations: { 'org.opencontainers.image.ref.name': `tag-${at}` },
  }).line;
}

/** A registry whose repository `a` has so many tags already, and one of ours. */
async function registryWith(tags: number, options: DirectoryOptions = {}) {
  const opened = await directoryRegistry(options);
  const path = join(opened.root, 'a/index.json');
  mkdirSync(dirname(path), { recursive: true });
  const lines = Array.from({ length: tags }, (_, at) => entryOf(at)).join(',\n');
  writeFileSync(path, `{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":[\n${lines}\n]}\n`);
  await pushImage(opened.repository('a'), image, 'first');
  // The history of so many tags is looked through by the first push after it was made.
  await pushManifest(opened.repository('a'), 'second', image);
  return { ...opened, path };
}

interface Cost {
  batches: number;
  visited: number;
  copiedBytes: number;
  parses: number;
  readonly parsed: Set<string>;
  /** How often somebody asked for all entries, or for all bytes in one piece. */
  wholes: number;
}

/** Counts until the test ends. */
function counting(): Cost {
  const cost: Cost = { batches: 0, visited: 0, copiedBytes: 0, parses: 0, parsed: new Set(), wholes: 0 };
  const { finish } = IndexDraft.prototype;
  const spies = [
    vi.spyOn(IndexDraft.prototype, 'finish').mockImplementation(function (this: IndexDraft) {
      const next = finish.call(this);
      const known = new Set(this.base.document.segments);
      const made = next.document.segments.filter((segment) => !known.has(segment));
      cost.batches += 1;
      cost.visited += made.reduce((sum, { entries }) => sum + entries.length, 0);
      cost.copiedBytes += made.reduce((sum, { bytes }) => sum + bytes.length, 0);
      return next;
    }),
  ];
  const { parse } = JSON;
  const parsing = vi.spyOn(JSON, 'parse').mockImplementation((...values) => {
    cost.parses += 1;
    cost.parsed.add(values[0]);
    return parse(...values);
  });
  for (const name of ['entries', 'bytes'] as const) {
    const { get } = Object.getOwnPropertyDescriptor(IndexDocument.prototype, name) ?? {};
    const spy = vi.spyOn(IndexDocument.prototype, name, 'get').mockImplementation(function (this: IndexDocument) {
      cost.wholes += 1;
      return get?.call(this);
    });
    onTestFinished(() => spy.mockRestore());
  }
  onTestFinished(() => {
    parsing.mockRestore();
    for (const spy of spies) spy.mockRestore();
  });
  return cost;
}

describe('a push of a tag', () => {
  it('visits and copies no more in an index of ten times the entries, parses none of them, and asks for all of them never', async () => {
    const costs: Cost[] = [];
    for (const tags of [1_000, 10_000]) {
      const { repository } = await registryWith(tags);
      const cost = counting();
      for (let at = 0; at < 5; at += 1) await pushManifest(repository('a'), `new-${at}`, image);
      for (let at = 0; at < 5; at += 1) await pushManifest(repository('a'), `tag-${at * 150}`, image);
      costs.push({ ...cost });
      vi.restoreAllMocks();
    }
    const [few, many] = costs;
    if (few === undefined || many === undefined) throw new Error('nothing was counted');
    expect(many.wholes).toBe(0);
    for (const { visited, copiedBytes, batches } of [few, many]) {
      // Two segments at most: where the tag was, and where it comes.
      expect(visited).toBeLessThanOrEqual(batches * 2 * 512);
      expect(copiedBytes).toBeLessThanOrEqual(batches * 2 * 128 * 1024);
    }
    expect(many.parses).toBeLessThanOrEqual(few.parses + 50);
  });

  it('after another program changed one line parses that line', async () => {
    const { repository, path } = await registryWith(5_000);
    await digestAt(repository('a'), 'first');
    const cost = counting();
    writeFileSync(path, readFileSync(path, 'utf8').replace('"tag-2500"', '"theirs"'));
    expect(await tagsOf(repository('a'))).toContain('theirs');
    expect(cost.parses).toBeLessThan(20);
    expect(cost.wholes).toBe(0);
  });
});

describe('pushes of one batch', () => {
  it('look at what they refer to once before and once after', async () => {
    const layer = image.layers[0]?.digest.slice('sha256:'.length) ?? '';
    let looks = 0;
    const lstatSync: typeof systemCalls.lstatSync = (path) => {
      if (path.endsWith(layer)) looks += 1;
      return systemCalls.lstatSync(path);
    };
    const { repository } = await registryWith(10, { calls: { lstatSync } });
    await nextTurn();
    const cost = counting();
    looks = 0;
    await Promise.all(Array.from({ length: 64 }, (_, at) => pushManifest(repository('a'), `t${at}`, image)));
    expect(cost.batches).toBeGreaterThan(0);
    expect(cost.batches).toBeLessThan(10);
    expect(looks).toBeLessThanOrEqual(2 * cost.batches + 1);
  });

  it('of a manifest that was just pushed neither hash it nor read it', async () => {
    const { repository } = await registryWith(10);
    await pushManifest(repository('a'), 'once', image);
    const cost = counting();
    await pushManifest(repository('a'), 'again', image);
    expect(cost.parsed).not.toContain(image.bytes.toString());
    const other = imageManifest({ annotations: { other: 'yes' } });
    await pushManifest(repository('a'), 'other', other);
    expect(cost.parsed).toContain(other.bytes.toString());
  });
});
