// Every way in which clients upload a blob, each of which goes on at another server when its own is killed.
import type { Content } from '../support/content.ts';
import type { Draws } from '../support/draws.ts';
import { type Asked, ask } from './ask.ts';
import { Violation } from './model.ts';

export const uploadForms = ['single', 'post-put', 'chunked', 'streamed', 'resumed', 'cancelled-first'] as const;
export type UploadForm = (typeof uploadForms)[number];

export interface Target {
  /** Of a server that lives; waits for one. */
  readonly url: () => Promise<string>;
  readonly repository: string;
  /** False once the round is over. */
  readonly goesOn: () => boolean;
}

const bytesType = { 'Content-Type': 'application/octet-stream' };
const attempts = 8;
const tinyBytes = 16;

/** When the request was sent whose answer says that the blob is there; undefined when nobody said so. */
export async function upload(target: Target, content: Content, form: UploadForm, draws: Draws) {
  const cutAt = Math.floor(content.bytes.byteLength * (0.2 + 0.6 * draws.next()));
  const uploads = `/v2/${target.repository}/blobs/uploads/`;
  for (let attempt = 0; attempt < attempts && target.goesOn(); attempt += 1) {
    const sentMs = Date.now();
    if (form === 'single') {
      const asked = { body: content.bytes, headers: bytesType };
      const answer = await ask(await target.url(), 'POST', `${uploads}?digest=${content.digest}`, asked);
      if (answer?.status === 201) return sentMs;
      if (answer !== undefined) throw unexpected('POST with the whole blob', answer.status);
      continue;
    }
    const location = await begun(target, uploads);
    if (location === undefined) continue;
    if (form === 'cancelled-first' && attempt === 0) {
      await ask(await target.url(), 'PATCH', location, { body: content.bytes.subarray(0, cutAt), headers: bytesType });
      const answer = await ask(await target.url(), 'DELETE', location);
      if (answer !== undefined && answer.status !== 204) throw unexpected('DELETE of an upload', answer.status);
      continue;
    }
    const done = await finished(target, location, content, form, cutAt);
    if (done !== undefined) return done;
  }
  return undefined;
}

/** The path of a new session. */
async function begun(target: Target, uploads: string): Promise<string | undefined> {
  const answer = await ask(await target.url(), 'POST', uploads, { body: Buffer.alloc(0) });
  if (answer === undefined) return undefined;
  if (answer.status !== 202) throw unexpected('POST of an upload', answer.status);
  return pathOf(answer.headers.location);
}

/** Sends what is missing until somebody says that all of it is there. */
export async function finished(target: Target, from: string, content: Content, form: UploadForm, cutAt: number) {
  const { bytes } = content;
  let offset = 0;
  let mayBeCommitted = false;
  let isCut = false;
  // Bytes without a range that nobody answered for: a server that has them still may append them after what is sent next to another one.
  let isUnsure = false;
  for (let attempt = 0; attempt < 3 * attempts && target.goesOn(); attempt += 1) {
    const url = await target.url();
    const isWhole = offset === bytes.byteLength || form === 'post-put';
    if (!isWhole) {
      const [asked, end] = nextPiece(bytes, offset, form, form === 'resumed' && !isCut ? cutAt : undefined);
      isCut ||= form === 'resumed';
      const answer = await ask(url, 'PATCH', from, asked);
      if (answer?.status === 202) offset = end;
      else if (answer !== undefined && ![404, 416].includes(answer.status)) throw unexpected('PATCH', answer.status);
      if (answer?.status === 202) continue;
      isUnsure ||= answer === undefined && asked.headers?.['Content-Range'] === undefined;
    } else {
      const sentMs = Date.now();
      const query = `${from.includes('?') ? '&' : '?'}digest=${content.digest}`;
      const body = bytes.subarray(offset);
      const answer = await ask(url, 'PUT', `${from}${query}`, { body, headers: bytesType });
      if (answer?.status === 201) return sentMs;
      // The digest says so, and the client begins anew.
      if (answer?.status === 400 && isUnsure) return undefined;
      isUnsure ||= answer === undefined && body.byteLength > 0;
      if (answer !== undefined && ![404, 416].includes(answer.status)) {
        const what = `PUT of a blob (${form}, from ${offset} of ${bytes.byteLength}, attempt ${attempt})`;
        throw new Violation(`${what} was answered ${answer.status}: ${answer.bytes}`);
      }
      mayBeCommitted ||= answer === undefined;
    }
    const status = await ask(await target.url(), 'GET', from);
    if (status === undefined) continue;
    if (status.status === 404 && mayBeCommitted) return undefined;
    if (status.status !== 204) throw new Violation(`an upload is lost: ${from} answers ${status.status} at ${offset}`);
    const end = Number(/-(\d+)$/.exec(status.headers.range ?? '')?.[1] ?? 0);
    // 0-0 is said of one byte and of none: of a tiny blob nobody knows how to go on.
    if (end === 0 && offset === 0 && bytes.byteLength < tinyBytes) return undefined;
    const there = end === 0 ? Math.min(offset, 1) : end + 1;
    // Killed between taking the bytes out of the session and its end: a client asks, and begins anew.
    if (there < offset && mayBeCommitted) return undefined;
    if (there < offset) throw new Violation(`${from} had ${offset} acknowledged bytes and has ${there}`);
    offset = there;
    // What a PUT without an answer left in the session is not sent again.
    if (form === 'post-put' && offset > bytes.byteLength) throw new Violation(`${from} has more bytes than were sent`);
  }
  return undefined;
}

function nextPiece(bytes: Buffer, offset: number, form: UploadForm, cutAt: number | undefined): [Asked, number] {
  if (cutAt !== undefined) {
    // With its range: one that another server gets to read only after the next chunk was appended would else be appended as well.
    const headers = { ...bytesType, 'Content-Range': `${offset}-${bytes.byteLength - 1}` };
    return [{ body: bytes.subarray(offset), cutAfter: Math.max(1, cutAt - offset), headers }, bytes.byteLength];
  }
  if (form === 'streamed') {
    return [{ body: bytes.subarray(offset), piecesOf: 16_384, headers: bytesType }, bytes.byteLength];
  }
  const end = Math.min(bytes.byteLength, offset + Math.ceil(bytes.byteLength / 3));
  const headers = { ...bytesType, 'Content-Range': `${offset}-${end - 1}` };
  return [{ body: bytes.subarray(offset, end), headers }, end];
}

export function pathOf(location: string | undefined): string {
  const { pathname, search } = new URL(location ?? '', 'http://127.0.0.1');
  return `${pathname}${search}`;
}

export function unexpected(what: string, status: number): Violation {
  return new Violation(`${what} was answered ${status}`);
}
