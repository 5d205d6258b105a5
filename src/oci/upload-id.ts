// The id of an upload session: untrusted input that reaches a path, so it is a UUID and nothing else.
import { randomUUID } from 'node:crypto';
import type { Brand } from './brand.ts';

export type UploadId = Brand<string, 'UploadId'>;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUploadId(text: string): text is UploadId {
  return uuid.test(text);
}

export function newUploadId(): UploadId {
  return randomUUID() as UploadId;
}
