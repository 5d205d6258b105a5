// What a registry elsewhere tells about the past of a tag (distribution-spec PR 606).
import { z } from 'zod';
import { annotationKeys } from '../oci/annotations.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { printableText } from '../oci/printable-text.ts';
import { everyPage, jsonOf } from './paged-document.ts';
import type { Question, RegistryClient } from './registry-client.ts';

export interface TagEvent {
  /** What the tag was assigned to, or left. */
  readonly target: { readonly digest: Digest; readonly mediaType: string; readonly size: number };
  readonly atMs: number;
  readonly isDeleted: boolean;
  /** `created` or `deleted`, unless the registry says more. */
  readonly how: string;
}

const historyPage = z.looseObject({
  manifests: z.array(
    z.looseObject({
      mediaType: z.string(),
      digest: z.string(),
      size: z.number(),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

const maxHow = 20;

/** The newest first. Undefined for an answer that is no such list; entries that are none are left out. Throws RegistryError. */
export function readTagHistory(client: RegistryClient, question: Question): Promise<readonly TagEvent[] | undefined> {
  return everyPage(client, question, (page) => {
    const parsed = historyPage.safeParse(jsonOf(page));
    return parsed.success ? parsed.data.manifests.flatMap(eventOf) : undefined;
  });
}

function eventOf({
  mediaType,
  digest,
  size,
  annotations,
}: z.output<typeof historyPage>['manifests'][number]): readonly TagEvent[] {
  const atMs = Date.parse(annotations[annotationKeys.tagTimestamp] ?? '');
  const event = annotations[annotationKeys.tagEvent];
  if (!isDigest(digest) || Number.isNaN(atMs) || (event !== 'created' && event !== 'deleted')) return [];
  const how = printableText(annotations[annotationKeys.tagHow] ?? event, maxHow);
  return [{ target: { digest, mediaType, size }, atMs, isDeleted: event === 'deleted', how }];
}
