// Writes a repository into distribution's docker/registry/v2 tree, as its filesystem driver would have left it after the
// pushes (registry/storage/paths.go of distribution v3 names every path).

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf } from './image.ts';
import type { Repository } from './repository.ts';

export function writeDistributionTree(root: string, repository: Repository): void {
  const top = join(root, 'docker', 'registry', 'v2');
  const home = join(top, 'repositories', repository.name);
  for (const bytes of repository.blobs) {
    const digest = writeBlob(top, bytes);
    writeLink(join(home, '_layers', 'sha256', encodedOf(digest)), digest);
  }
  for (const [tag, manifest] of repository.manifestOf) {
    const digest = writeBlob(top, manifest);
    writeLink(join(home, '_manifests', 'revisions', 'sha256', encodedOf(digest)), digest);
    writeLink(join(home, '_manifests', 'tags', tag, 'current'), digest);
    writeLink(join(home, '_manifests', 'tags', tag, 'index', 'sha256', encodedOf(digest)), digest);
  }
}

function writeBlob(top: string, bytes: Buffer): string {
  const digest = digestOf(bytes);
  const encoded = encodedOf(digest);
  writeNew(join(top, 'blobs', 'sha256', encoded.slice(0, 2), encoded, 'data'), bytes);
  return digest;
}

function writeLink(directory: string, digest: string): void {
  writeNew(join(directory, 'link'), digest);
}

function writeNew(path: string, content: Buffer | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function encodedOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
