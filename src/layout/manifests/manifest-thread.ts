// Reads large manifests in a thread of their own: parsing one of several megabytes takes up to a second, and every request would wait.
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { parseJsonObject } from '../../oci/manifest.ts';
import { contentNamedIn, type NamedContent } from '../../oci/named-content.ts';
import { WorkerThread } from '../../storage/worker-thread.ts';
import { type ManifestOutline, outlineOf } from './manifest-outline.ts';
import { type PackedOutline, unpacked } from './packed-outline.ts';

/** What a manifest says, or which content a JSON document names in any of its fields. */
export type ManifestQuestion =
  | {
      readonly wants: 'outline';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly digest: Digest;
      readonly mediaType: string | undefined;
    }
  | { readonly wants: 'named'; readonly bytes: Uint8Array<ArrayBuffer> };

/** `refused` is the detail of a MANIFEST_INVALID. */
export type ManifestAnswer =
  | { readonly refused: string }
  | { readonly refused: undefined; readonly outline: PackedOutline }
  | { readonly refused: undefined; readonly named: readonly NamedContent[] };

/** Parsed within some milliseconds, whatever they hold; nearly all manifests are smaller. */
const maxAtOnceBytes = 64 * 1024;
/** Measured: 16 MiB with as many names and values as there may be need less than 150. */
const maxHeapMiB = 256;

/** Serves all layouts of the process. */
const thread = new WorkerThread<ManifestQuestion, ManifestAnswer>({
  file: '#manifest-thread',
  name: 'manifests',
  maxHeapMiB,
});

/** `bytes` are copied when its turn comes. */
async function ask(question: () => ManifestQuestion): Promise<ManifestAnswer> {
  try {
    return await thread.ask(() => {
      const asked = question();
      return { asked, transfer: [asked.bytes.buffer] };
    });
  } catch (cause) {
    throw new RegistryError('UNAVAILABLE', { detail: 'the manifest could not be read', cause });
  }
}

/**
 * The outline of a manifest of any size; what is left to do here never takes long.
 * Refuses with MANIFEST_INVALID (400); UNAVAILABLE (503) when the thread ends over it.
 */
export async function readOutline(
  bytes: Uint8Array,
  digest: Digest,
  mediaType: string | undefined,
): Promise<ManifestOutline> {
  if (bytes.byteLength <= maxAtOnceBytes) return outlineOf(bytes, digest, mediaType);
  const answer = await ask(() => ({ wants: 'outline', bytes: new Uint8Array(bytes), digest, mediaType }));
  if (answer.refused !== undefined) throw new RegistryError('MANIFEST_INVALID', { detail: answer.refused });
  if (!('outline' in answer)) throw new RegistryError('UNAVAILABLE', { detail: 'the manifest could not be read' });
  return unpacked(answer.outline);
}

/** The same where what is no such JSON is an answer as well: undefined. */
export async function namedIn(bytes: Uint8Array): Promise<readonly NamedContent[] | undefined> {
  try {
    return await readNamed(bytes);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}

/** All content that a JSON object names, in any of its fields. Refuses with MANIFEST_INVALID (400) what is none, or deeper than manifests are. */
async function readNamed(bytes: Uint8Array): Promise<readonly NamedContent[]> {
  if (bytes.byteLength <= maxAtOnceBytes) return [...contentNamedIn(parseJsonObject(bytes))];
  const answer = await ask(() => ({ wants: 'named', bytes: new Uint8Array(bytes) }));
  if (answer.refused !== undefined) throw new RegistryError('MANIFEST_INVALID', { detail: answer.refused });
  if (!('named' in answer)) throw new RegistryError('UNAVAILABLE', { detail: 'the manifest could not be read' });
  return answer.named;
}
