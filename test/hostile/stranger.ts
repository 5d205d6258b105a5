// A directory from a stranger, served as `moorage serve PATH...` serves it: asked in-process, without a socket.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { defaultSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import type { Finding } from '../../src/inspection/findings/finding.ts';
import { inspectLocal } from '../../src/inspection/inspect-local.ts';
import type { InspectDepth, InspectedPart } from '../../src/inspection/inspection.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { createServer } from '../../src/server.ts';
import type { Content, Image } from '../support/content.ts';
import { defaultRules } from '../support/rules.ts';
import { silentLog } from '../support/silent-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The Location header. */
  readonly location: string | undefined;
  readonly json: () => { readonly [member: string]: unknown };
}

export interface Served {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  head(path: string): Promise<Answer>;
  put(path: string, body: string | Buffer, contentType: string): Promise<Answer>;
  post(path: string, body?: Buffer): Promise<Answer>;
  patch(path: string, body: Buffer): Promise<Answer>;
  del(path: string): Promise<Answer>;
  /** Ends by itself with the test. */
  stop(): Promise<void>;
  readonly registry: Awaited<ReturnType<typeof createServer>>['registry'];
}

/** Several PATHs, as on the command line. Ends with the test. */
export function serve(...paths: readonly string[]): Promise<Served> {
  return serveAll(paths, undefined);
}

/** The directory as --root. */
export function serveRoot(root: string): Promise<Served> {
  return serveAll([], root);
}

/** With settings of `layouts`. */
export function serveWith(layouts: Partial<Settings['layouts']>, ...paths: readonly string[]): Promise<Served> {
  return serveAll(paths, undefined, layouts);
}

/** With `--shared-blobs`. */
export function serveShared(sharedBlobs: string, ...paths: readonly string[]): Promise<Served> {
  return serveAll(paths, undefined, {}, sharedBlobs);
}

async function serveAll(
  paths: readonly string[],
  root: string | undefined,
  layouts: Partial<Settings['layouts']> = {},
  sharedBlobs?: string,
): Promise<Served> {
  const cacheDirectory = await temporaryDirectory();
  const log = pino({ level: 'silent' });
  const defaults = defaultSettings();
  const settings = { ...defaults, layouts: { ...defaults.layouts, ...layouts } };
  const server = await createServer(settings, log, { paths, root, cacheDirectory, sharedBlobs });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= server.stop(0);
    return stopped;
  };
  onTestFinished(stop);
  const ask = async (
    method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    payload?: string | Buffer,
    type?: string,
    others: Readonly<Record<string, string>> = {},
  ) => {
    const headers = type === undefined ? others : { ...others, 'content-type': type };
    const answer = await server.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    return {
      status: answer.statusCode,
      text: answer.body,
      location: answer.headers.location,
      json: () => JSON.parse(answer.body),
    };
  };
  return {
    get: (path, headers) => ask('GET', path, undefined, undefined, headers),
    head: (path) => ask('HEAD', path),
    put: (path, body, contentType) => ask('PUT', path, body, contentType),
    post: (path, body) => ask('POST', path, body, body && 'application/octet-stream'),
    patch: (path, body) => ask('PATCH', path, body, 'application/octet-stream'),
    del: (path) => ask('DELETE', path),
    stop,
    registry: server.registry,
  };
}

interface InspectedHow extends Partial<InspectDepth> {
  readonly scan?: boolean;
  readonly sharedBlobs?: string;
}

/** What `moorage inspect PATH` would show of it. */
export async function inspect(path: string, depth: InspectedHow = {}) {
  const { parts } = await inspectLocal({
    path,
    within: undefined,
    root: '',
    plainHttp: false,
    environment: { XDG_CACHE_HOME: await temporaryDirectory() },
    userAgent: 'test',
    isRootGiven: false,
    rules: { ...defaultRules, scan: depth.scan === true ? 'lazy' : 'off' },
    sharedBlobs: depth.sharedBlobs,
    log: silentLog,
    verify: depth.verify ?? false,
    ...(depth.progress === undefined ? {} : { progress: depth.progress }),
  });
  return parts;
}

export function findingsOf(parts: readonly InspectedPart[]): readonly Finding[] {
  return parts.flatMap(({ findings }) => findings).flatMap(({ findings }) => findings);
}

export async function codesIn(path: string, depth: { scan?: boolean; verify?: boolean } = {}): Promise<string[]> {
  const codes = findingsOf(await inspect(path, depth)).map(({ code }) => code);
  return [...new Set(codes)].sort();
}

export interface LayoutContent {
  /** Each as an entry of index.json: with these annotations, under any other field. */
  readonly entries?: readonly object[];
  readonly blobs?: readonly Content[];
}

/** A layout as any tool might have written it; nothing of it is checked. */
export function writeStranger(directory: string, { entries = [], blobs = [] }: LayoutContent = {}): string {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  for (const blob of blobs) writeBlob(directory, blob.digest, blob.bytes);
  writeIndex(directory, entries);
  return directory;
}

export function writeIndex(directory: string, entries: readonly object[]): void {
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
}

export function blobPath(directory: string, digest: Digest): string {
  return join(directory, 'blobs', digest.replace(':', '/'));
}

/** Whatever the digest says. */
export function writeBlob(directory: string, digest: Digest, bytes: Uint8Array): void {
  const path = blobPath(directory, digest);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

export function entryOf({ descriptor }: Pick<Content, 'descriptor'>, name?: string): object {
  return name === undefined
    ? descriptor
    : { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } };
}

/** All that makes up an image. */
export function blobsOf(image: Image): readonly Content[] {
  return [image, image.config, ...image.layers];
}
