// A manifest as a registry sent it: its digest is checked, and its type is the one it is to be read as.
import { algorithmOf, type Digest, digestOf, isDigest } from '../oci/digest.ts';
import { isManifestType, mediaTypeEssence, mediaTypes } from '../oci/media-type.ts';
import type { Reference } from '../oci/reference.ts';
import { RemoteError } from './remote-error.ts';

/** For an Accept header: without it, old registries convert what they answer with. */
export const acceptedManifests = [
  mediaTypes.imageIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.imageManifest,
  mediaTypes.dockerManifest,
  mediaTypes.artifactManifest,
].join(', ');

export interface RemoteManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Exactly what was sent; its digest was checked. */
  readonly bytes: Uint8Array;
}

/** Throws a RemoteError when the bytes are not those that were asked for (distribution-spec, Pulling Manifests). */
export function checkedManifest(host: string, reference: Reference, headers: Headers, bytes: Buffer): RemoteManifest {
  const announced = headers.get('docker-content-digest') ?? '';
  const expected = reference.kind === 'digest' ? reference.digest : isDigest(announced) ? announced : undefined;
  const digest = expected === undefined ? digestOf(bytes) : digestOf(bytes, algorithmOf(expected));
  if (expected !== undefined && digest !== expected) {
    throw new RemoteError(host, `the bytes it sent for ${expected} have the digest ${digest}`);
  }
  const sent = mediaTypeEssence(headers.get('content-type') ?? '');
  // Some servers, and buckets behind them, answer with application/json or octets.
  return { digest, mediaType: isManifestType(sent) ? sent : (statedType(bytes) ?? sent), bytes };
}

function statedType(bytes: Buffer): string | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof json !== 'object' || json === null) return undefined;
    return 'mediaType' in json && typeof json.mediaType === 'string' ? json.mediaType : undefined;
  } catch {
    return undefined;
  }
}
