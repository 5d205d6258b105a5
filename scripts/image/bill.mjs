// The list of what is in an image (CycloneDX), the same whenever the image is.
import { createHash } from 'node:crypto';

export const billType = 'application/vnd.cyclonedx+json';

/** `packages`: as `npm sbom` says it; `components`: what else is in the image. */
export function billOf(packages, components, seconds) {
  const { serialNumber: _drawn, metadata, ...rest } = packages;
  const timestamp = new Date(seconds * 1000).toISOString();
  const bill = { ...rest, metadata: { ...metadata, timestamp }, components: [...rest.components, ...components] };
  const hex = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
  // A UUID of version 8 (RFC 9562): made of what is said, instead of drawn.
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return Buffer.from(JSON.stringify({ ...bill, serialNumber: `urn:uuid:${parts.join('-')}` }));
}
