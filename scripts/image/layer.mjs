// A layer of an image: files in memory, as a tar that is the same whenever the files are.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export const sha256 = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Of permissions only whether a file can be run counts. */
export const plainMode = (mode) => ((mode & 0o111) === 0 ? 0o644 : 0o755);

/** All bytes of a stream. */
export async function collected(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Path in the image, without a slash before it -> `{ type, mode, bytes, target, owner }`. */
export class Files extends Map {
  directory(path, { mode = 0o755, owner = 0 } = {}) {
    this.set(path, { type: 'directory', mode, owner });
  }

  file(path, bytes, mode = 0o644) {
    this.set(path, { type: 'file', mode, bytes, owner: 0 });
  }

  link(path, target) {
    this.set(path, { type: 'symlink', mode: 0o777, target, owner: 0 });
  }

  /** All of `directory` that is `wanted` (by its path below it), to be at `path`. */
  tree(directory, path, wanted = () => true) {
    for (const name of readdirSync(directory, { recursive: true })) {
      const from = join(directory, name);
      const at = `${path}/${name}`;
      if (!wanted(name)) continue;
      const stats = lstatSync(from);
      if (stats.isDirectory()) this.directory(at);
      else if (stats.isSymbolicLink()) this.link(at, readlinkSync(from));
      else this.file(at, readFileSync(from), plainMode(stats.mode));
    }
  }
}

/** `seconds`: the time of every file. Answers `{ bytes, digest, diffId }`. */
export async function layerOf(files, seconds) {
  const tar = pack();
  for (const [path, file] of withParents(files)) {
    const { type, mode, owner, target, bytes = Buffer.alloc(0) } = file;
    const name = type === 'directory' ? `${path}/` : path;
    const header = { name, type, mode, uid: owner, gid: owner, mtime: new Date(seconds * 1000), linkname: target };
    tar.entry(header, type === 'file' ? bytes : undefined);
  }
  tar.finalize();
  const whole = await collected(tar);
  const bytes = gzipSync(whole);
  return { bytes, digest: sha256(bytes), diffId: sha256(whole) };
}

/** Each directory before what is in it. */
function withParents(files) {
  const all = new Files(files);
  for (const path of files.keys()) {
    const names = path.split('/').slice(0, -1);
    names.forEach((_, at) => {
      const parent = names.slice(0, at + 1).join('/');
      if (!all.has(parent)) all.directory(parent);
    });
  }
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1));
}
