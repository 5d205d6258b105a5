// Writes a repository as an OCI image layout below a root, as the layout-based servers (moorage, olareg) keep it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorOf, digestOf, OCI_INDEX, OCI_MANIFEST } from './image.ts';
import type { Repository } from './repository.ts';

const CREATED = '2026-01-01T00:00:00Z';

export function writeLayout(root: string, repository: Repository): void {
  const layout = join(root, repository.name);
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  for (const bytes of new Set([...repository.blobs, ...repository.manifestOf.values()])) {
    writeFileSync(join(blobs, digestOf(bytes).slice('sha256:'.length)), bytes);
  }
  const entries = [...repository.manifestOf].map(([tag, manifest]) => {
    const annotations = { 'org.opencontainers.image.ref.name': tag, 'org.opencontainers.image.created': CREATED };
    return JSON.stringify({ ...descriptorOf(OCI_MANIFEST, manifest), annotations });
  });
  const head = `{"schemaVersion":2,"mediaType":${JSON.stringify(OCI_INDEX)},"manifests":[`;
  writeFileSync(join(layout, 'index.json'), `${head}\n${entries.join(',\n')}\n]}\n`);
}
