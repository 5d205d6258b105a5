// The outline of a large manifest on its way between threads: a hundred thousand descriptors as text in one piece of memory, since
// objects would be copied one by one while every request waits.
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ManifestReference, ReferenceRole } from '../../oci/manifest.ts';
import type { ManifestFacts } from '../../oci/manifest-facts.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestOutline } from './manifest-outline.ts';

export interface PackedOutline {
  readonly facts: Omit<ManifestFacts, 'children'>;
  readonly withheld: Uint8Array | undefined;
  /** A line for each: digest, size, media type. */
  readonly children: Uint8Array;
  /** A line for each distinct one: digest, size, role. */
  readonly references: Uint8Array;
}

const newline = 10;

export function packed({ facts: { children, ...facts }, withheld, references }: ManifestOutline): PackedOutline {
  // Neither digests nor types of manifests hold spaces; those of layers may, and are not needed.
  const distinct = new Set(Array.from(references, ({ digest, size, role }) => `${digest} ${size} ${role}\n`));
  return {
    facts,
    withheld,
    children: ownBytes(children.map(({ digest, size, mediaType }) => `${digest} ${size} ${mediaType}\n`).join('')),
    references: ownBytes([...distinct].join('')),
  };
}

/** What can be handed over without being copied. */
export function partsOf({ withheld, children, references }: PackedOutline): readonly ArrayBuffer[] {
  return [withheld, children, references].flatMap((part) => (part?.buffer instanceof ArrayBuffer ? [part.buffer] : []));
}

export async function unpacked({ facts, withheld, children, references }: PackedOutline): Promise<ManifestOutline> {
  const known: Descriptor[] = [];
  const pace = new Pace();
  for (const [digest, size, mediaType] of linesOf(children)) {
    known.push({ mediaType, digest: digest as Digest, size });
    await pace.step();
  }
  return {
    facts: { ...facts, children: known },
    withheld: withheld && Buffer.from(withheld.buffer, withheld.byteOffset, withheld.byteLength),
    references: { [Symbol.iterator]: () => referencesIn(references) },
  };
}

function* referencesIn(text: Uint8Array): Generator<ManifestReference> {
  for (const [digest, size, role] of linesOf(text)) yield { digest, size, role: role as ReferenceRole };
}

function* linesOf(text: Uint8Array): Generator<readonly [string, number, string]> {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    const [digest = '', size, last = ''] = bytes.toString('latin1', start, end).split(' ');
    yield [digest, Number(size), last];
    start = end + 1;
  }
}

/** Not a part of the pool that small buffers share: it could not be handed over. */
function ownBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
