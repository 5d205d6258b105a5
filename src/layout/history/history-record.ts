// The text of a history: lines of JSON, appended only. What a crash cut short is no record; what is missing is worked out from the
// snapshot by whoever writes next.
import type { Tag } from '../../oci/reference.ts';
import type { VersionLabel } from '../../storage/object-store.ts';
import { spansOfLines } from '../files/kept-lines.ts';
import { eachInSteps, type SteppedWork } from '../pacing/steps.ts';
import {
  isMoveHow,
  type KnownTag,
  parseTagOfLayout,
  parseTarget,
  printTarget,
  type RemovedManifest,
  type TagMove,
  type TagOfLayout,
} from './tag-move.ts';

/** Up to which version of index.json the moves are known, and when that was written. */
export interface SeenVersion {
  /** Undefined: there was no file. */
  readonly label: VersionLabel | undefined;
  readonly atMs: number;
}

export type HistoryRecord =
  | { readonly kind: 'move'; readonly move: TagMove }
  | { readonly kind: 'removed'; readonly removed: RemovedManifest }
  | { readonly kind: 'known'; readonly known: KnownTag }
  | { readonly kind: 'seen'; readonly seen: SeenVersion };

/** The first line; of the form of the others. */
export const historyHeader = `${JSON.stringify({ moorage: 'tag history', version: 1 })}\n`;

export function printRecord(record: HistoryRecord): string {
  return `${JSON.stringify(fieldsOf(record))}\n`;
}

/** In pieces of whole lines: of a hundred thousand tags, 20 MB. */
export function* printedRecords(records: Iterable<HistoryRecord>): SteppedWork<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let run: string[] = [];
  let characters = 0;
  const end = () => {
    if (run.length > 0) pieces.push(Buffer.from(run.join('')));
    run = [];
    characters = 0;
  };
  yield* eachInSteps(records, (record) => {
    const line = printRecord(record);
    run.push(line);
    characters += line.length;
    if (characters >= pieceCharacters) end();
  });
  end();
  return pieces;
}

/** Written at once. */
const pieceCharacters = 512 * 1024;

function fieldsOf(record: HistoryRecord): object {
  if (record.kind === 'seen') return { seen: record.seen.label ?? null, at: record.seen.atMs };
  if (record.kind === 'removed') return { removed: printTarget(record.removed.removed), at: record.removed.atMs };
  if (record.kind === 'known') {
    const { is, sinceMs } = record.known;
    return { ...nameFields(record.known), is: printTarget(is), since: sinceMs };
  }
  const { how, atMs, from, to } = record.move;
  return { ...nameFields(record.move), how, at: atMs, from: from && printTarget(from), to: to && printTarget(to) };
}

/** The tag comes first and stands there as it is: see `mayBeOf`. */
function nameFields({ tag, path }: TagOfLayout): object {
  return { tag, in: path === '' ? undefined : path };
}

/** The records in whole lines of a history; with `tag` those of other tags may be left out, and are not parsed. */
export function* historyRecords(bytes: Buffer, tag?: Tag): Generator<HistoryRecord> {
  const begin = tag === undefined ? undefined : Buffer.from(`{"tag":"${tag}",`);
  for (const [start, end] of spansOfLines(bytes)) {
    const line = bytes.subarray(start, end);
    if (begin !== undefined && !mayBeOf(line, begin)) continue;
    const record = parseRecord(line);
    if (record !== undefined) yield record;
  }
}

const ofSomeTag = Buffer.from('{"tag":');

function mayBeOf(line: Buffer, begin: Buffer): boolean {
  return startsWith(line, begin) || !startsWith(line, ofSomeTag);
}

function startsWith(line: Buffer, begin: Buffer): boolean {
  return line.length >= begin.length && line.compare(begin, 0, begin.length, 0, begin.length) === 0;
}

/** Undefined for what is none: a header, an empty line, a damaged one. */
function parseRecord(line: Buffer): HistoryRecord | undefined {
  const json = parseJson(line);
  if (json === undefined) return undefined;
  if ('seen' in json) {
    const { seen, at } = json;
    if (!isMoment(at) || !(seen === null || typeof seen === 'string')) return undefined;
    return { kind: 'seen', seen: { label: (seen ?? undefined) as VersionLabel | undefined, atMs: at } };
  }
  if ('removed' in json) {
    const removed = parseTarget(json.removed);
    if (removed === undefined || !isMoment(json.at)) return undefined;
    return { kind: 'removed', removed: { removed, atMs: json.at } };
  }
  const name = parseTagOfLayout(json);
  if (name === undefined) return undefined;
  if ('is' in json) {
    const is = parseTarget(json.is);
    if (is === undefined || !isMoment(json.since)) return undefined;
    return { kind: 'known', known: { ...name, is, sinceMs: json.since } };
  }
  const [from, to] = [parseTarget(json.from), parseTarget(json.to)];
  if (!isMoveHow(json.how) || !isMoment(json.at) || (from ?? to) === undefined) return undefined;
  return { kind: 'move', move: { ...name, how: json.how, atMs: json.at, from, to } };
}

/** Beyond that there is no date: what a stranger made must not keep anybody from reading the rest. */
const latestMs = 8_640_000_000_000_000;

function isMoment(json: unknown): json is number {
  return typeof json === 'number' && Math.abs(json) <= latestMs;
}

function parseJson(line: Buffer): Record<string, unknown> | undefined {
  if (line.length === 0) return undefined;
  try {
    const json: unknown = JSON.parse(line.toString('utf8'));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    // A crash cut it short, or a power cut left zeros: what it said is worked out again.
    return undefined;
  }
}
