// The archive that pages call app.tar: what `docker save app:v1` writes of an image with one file.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarArchive } from '../interop/material/tar.ts';

export async function writeSavedImage(directory: string): Promise<void> {
  const layer = archiveOf([['hello.txt', 'hello from the site\n']]);
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    history: [{ created_by: 'a test' }],
  });
  const name = `${sha256(config)}.json`;
  const manifest = JSON.stringify([{ Config: name, RepoTags: ['app:v1'], Layers: ['layer.tar'] }]);
  const files: [string, string | Buffer][] = [
    ['manifest.json', manifest],
    [name, config],
    ['layer.tar', layer],
  ];
  await writeFile(join(directory, 'app.tar'), archiveOf(files));
}

function archiveOf(files: readonly (readonly [string, string | Buffer])[]): Buffer {
  return tarArchive(files.map(([path, content]) => ({ path, mode: 0o644, content: Buffer.from(content) })));
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
