// A program that edits an index.json as oras, skopeo, crane and BuildKit do: it reads a copy, works for a while, truncates the file and writes.
//   node in-place-writer.mjs LAYOUT PREFIX COUNT STALE_MS
// Prints each tag that it has written. While it works it reads the file again and again: as nobody else writes in place, what it reads
// has to be complete every time.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, manifestNamed, manifestType } from './content.mjs';

const [layout, prefix, count, staleMs] = process.argv.slice(2);
const path = `${layout}/index.json`;

/** Throws when the file is not complete. */
const read = () => JSON.parse(readFileSync(path, 'utf8'));

/** Every other time in pieces, as a large file arrives. */
async function writeInPlace(text, inPieces) {
  if (!inPieces) return writeFileSync(path, text);
  const file = openSync(path, 'w');
  const half = Math.floor(text.length / 2);
  for (const piece of [text.slice(0, half), text.slice(half)]) {
    await sleep(2);
    writeSync(file, piece);
  }
  closeSync(file);
}

let reads = 0;
for (let at = 0; at < Number(count); at += 1) {
  const tag = `${prefix}-${at}`;
  const bytes = manifestNamed(tag);
  const digest = digestOf(bytes);
  writeFileSync(`${layout}/blobs/${digest.replace(':', '/')}`, bytes);
  const copy = read();
  for (const until = Date.now() + Number(staleMs); Date.now() < until; await sleep(1)) {
    read();
    reads += 1;
  }
  const entry = {
    mediaType: manifestType,
    digest,
    size: bytes.length,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  };
  await writeInPlace(JSON.stringify({ ...copy, manifests: [...copy.manifests, entry] }), at % 2 === 1);
  console.log(tag);
}
console.error(`${reads} reads`);
