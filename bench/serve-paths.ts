// What `moorage serve PATH...` costs before anything is asked: a directory of a thousand layouts, and an archive of 5 GB. Its own
// script, since no peer serves either: npm run bench:serve [-- --rounds N] [--short]. Writes bench/results/serve-paths.md.
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digestOf, OCI_MANIFEST } from './content/image.ts';
import { writeLayout } from './content/layout-tree.ts';
import { taggedRepository } from './content/repository.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { RunningServer } from './running-server.ts';
import { spreadOf } from './statistics.ts';

const checkout = process.cwd();
const blockBytes = 512;

interface Figures {
  readonly startMs: number[];
  readonly residentMiB: number[];
}

async function measure(paths: readonly string[], asked: string, rounds: number, scratch: string): Promise<Figures> {
  const figures: Figures = { startMs: [], residentMiB: [] };
  for (let round = 0; round < rounds; round++) {
    const server = await RunningServer.start(
      {
        name: 'moorage',
        command: ({ port }) => ({
          file: process.execPath,
          args: [join(checkout, 'dist/main.js'), 'serve', '--listen', `127.0.0.1:${port}`, ...paths],
          env: { XDG_CACHE_HOME: join(scratch, 'cache'), MOORAGE_LOG_REQUESTS: 'false' },
        }),
      },
      join(scratch, 'unused'),
      scratch,
      asked,
    );
    // The list of repositories is printed after the first answer.
    await server.settle();
    figures.startMs.push(server.startMs);
    figures.residentMiB.push(server.memory().peakBytes / 2 ** 20);
    await server.stop();
  }
  return figures;
}

function writeLayouts(root: string, count: number): void {
  for (let number = 0; number < count; number++) {
    writeLayout(root, taggedRepository(`team-${number % 20}/project-${String(number).padStart(4, '0')}`, 10));
  }
}

/** Members of equal size that take no space: what is measured is the reading of headers. */
function writeArchive(file: string, members: number, totalBytes: number): void {
  const repository = taggedRepository('big', 10);
  const manifests = [...repository.manifestOf];
  const small = new Map<string, Buffer>();
  for (const bytes of [...repository.blobs, ...repository.manifestOf.values()]) {
    small.set(`blobs/sha256/${digestOf(bytes).slice(7)}`, bytes);
  }
  const entries = manifests.map(([tag, bytes]) => ({
    mediaType: OCI_MANIFEST,
    digest: digestOf(bytes),
    size: bytes.byteLength,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  small.set('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  small.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries })));
  const descriptor = openSync(file, 'w');
  let at = 0;
  const member = (name: string, size: number, bytes?: Buffer): void => {
    writeSync(descriptor, headerOf(name, size), 0, blockBytes, at);
    if (bytes !== undefined) writeSync(descriptor, bytes, 0, bytes.byteLength, at + blockBytes);
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
  };
  for (const [name, bytes] of small) member(name, bytes.byteLength, bytes);
  const each = Math.floor(totalBytes / members);
  for (let number = 0; number < members; number++) {
    member(`blobs/sha256/${number.toString(16).padStart(64, '0')}`, each);
  }
  ftruncateSync(descriptor, at + 2 * blockBytes);
  closeSync(descriptor);
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function line(title: string, { startMs, residentMiB }: Figures): string {
  const [start, resident] = [spreadOf(startMs), spreadOf(residentMiB)];
  if (start === undefined || resident === undefined) throw new Error('nothing was measured');
  const shown = `${start.median.toFixed(0)} ms (${start.min.toFixed(0)} to ${start.max.toFixed(0)})`;
  return `| ${title} | ${shown} | ${resident.median.toFixed(0)} MiB (at most ${resident.max.toFixed(0)}) | ${start.count} |`;
}

const { values } = parseArgs({ options: { rounds: { type: 'string' }, short: { type: 'boolean', default: false } } });
const rounds = Number(values.rounds ?? (values.short ? 1 : 7));
const scratch = mkdtempSync(join(tmpdir(), 'moorage-serve-'));
try {
  const layouts = join(scratch, 'layouts');
  const empty = join(scratch, 'empty');
  const archive = join(scratch, 'big.tar');
  mkdirSync(empty);
  writeLayouts(layouts, 1_000);
  writeArchive(archive, 10_000, 5 * 2 ** 30);
  const none = await measure([empty], '/readyz', rounds, scratch);
  const many = await measure([layouts], '/v2/team-19/project-0999/tags/list', rounds, scratch);
  const big = await measure([archive], '/v2/big/tags/list', rounds, scratch);
  const machine = describeMachine(scratch);
  const report = [
    '# Start of `moorage serve PATH`',
    '',
    'From the spawn to the first answer, and the highest resident memory once the repositories are listed. Written by',
    '`npm run bench:serve`; files are in the page cache after the first round.',
    '',
    `Commit ${describeCommit(checkout)}, Node ${process.versions.node}, ${machine.cpu}, ${machine.fileSystem}, ${machine.kernel}.`,
    '',
    '| What is served | First answer, median (range) | Memory, median | Rounds |',
    '|---|---|---|---|',
    line('nothing: an empty directory', none),
    line('a directory of 1,000 layouts with 10 tags each', many),
    line('a tar of 5 GiB with 10,000 members', big),
    '',
  ].join('\n');
  process.stdout.write(report);
  if (!values.short) writeFileSync(join(checkout, 'bench/results/serve-paths.md'), report);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
