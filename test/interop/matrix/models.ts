// Tools that could not be installed, as models: what they write are the fixtures made from their sources, how they read is what their
// sources do with an index.json.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digests, expectations, type Token } from '../../e2e/fixtures/expectations.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { type CheckList, Missing } from '../checks.ts';
import { expectEqual, expectThat } from '../expect.ts';
import { type Descriptor, layoutEntries, refNameAnnotation } from '../material/layout-directory.ts';
import type { Inability } from '../tools/tool.ts';
import type { MatrixLab } from './bench.ts';
import type { ToolResult } from './cells.ts';
import type { ContentKind, TaggedContent } from './contents.ts';
import { judgeTool } from './judge-tool.ts';
import type { Bench, Expected, MatrixTool, Reader, Unjudged, Way, Ways, Writer } from './matrix-tool.ts';

/** By content: the fixture that it writes, or why it writes none. */
type Fixtures = Readonly<Record<ContentKind, string | Inability | Unjudged>>;

interface Model {
  readonly name: string;
  /** The source that was read, and why there is no tool to run. */
  readonly version: string;
  readonly writes: Fixtures;
  reads(bench: Bench): Ways<Reader>;
}

const notModelled = { unjudged: 'its reading is not modelled' };
const notRead = { image: notModelled, index: notModelled, referrers: notModelled, names: notModelled };
const notRecorded = { unjudged: 'no fixture of it' };

const models: readonly Model[] = [
  {
    name: 'zot',
    version: 'zot 6d19b44 (2.1.20+): the module proxy does not have its module since 1.4',
    writes: {
      image: 'generated/zot/tagged',
      index: 'generated/zot/multiarch',
      referrers: 'generated/zot/referrers',
      names: { cannot: 'zot has one repository a directory, and full names are no tags to it' },
    },
    reads: ({ contents, layoutOf }) => ({
      image: [reader('top-level entries', () => readAsZot(layoutOf(contents.image), contents.image))],
      index: [reader('top-level entries', () => readAsZot(layoutOf(contents.index), contents.index))],
      referrers: [reader('top-level entries', () => readAsZot(layoutOf(contents.referrers), contents.referrers))],
      names: { cannot: 'zot has one repository a directory, and full names are no tags to it' },
    }),
  },
  {
    name: 'linuxkit',
    version: 'linuxkit 3bf33c3: the module proxy does not have its module',
    writes: {
      image: notRecorded,
      index: notRecorded,
      referrers: { cannot: 'linuxkit knows no referrers' },
      names: 'generated/linuxkit/cache',
    },
    reads: ({ contents, exportTo, fresh, reference }) => ({
      ...notRead,
      referrers: { cannot: 'linuxkit knows no referrers' },
      names: [
        reader('export --profile linuxkit', async () => {
          const directory = await exportTo(fresh('export'), 'linuxkit', contents.names);
          for (const content of contents.names) await expectNamed(directory, reference(content), content);
          return contents.names.map(reference).join(', ');
        }),
      ],
    }),
  },
  {
    name: 'hauler',
    version: 'hauler 923a92d: the module proxy does not have its module',
    writes: { image: notRecorded, index: notRecorded, referrers: 'generated/hauler/store', names: notRecorded },
    reads: () => notRead,
  },
  {
    name: 'zarf',
    version: 'zarf 97a1b4d: the module proxy does not have its module',
    writes: { image: notRecorded, index: notRecorded, referrers: notRecorded, names: 'generated/zarf/fullname' },
    reads: () => notRead,
  },
  {
    name: 'podman artifact',
    version: 'container-libs f0ddf1a: podman has the command since 5.4',
    writes: {
      image: 'generated/podman/artifact-store',
      index: notRecorded,
      referrers: notRecorded,
      names: notRecorded,
    },
    reads: () => notRead,
  },
];

export async function modelResults(lab: MatrixLab, checks: CheckList): Promise<Record<string, ToolResult>> {
  const results: Record<string, ToolResult> = {};
  for (const model of models) {
    const result = await judgeTool(lab, modelTool(model), checks);
    if (result !== undefined) results[model.name] = { ...result, model: true };
  }
  return results;
}

function modelTool({ name, version, writes, reads }: Model): MatrixTool {
  const writer = (fixture: Fixtures[ContentKind]): Way<Writer> =>
    typeof fixture === 'string' ? [{ how: '', write: (target) => writeFixture(target, fixture) }] : fixture;
  return {
    name,
    commands: [],
    needsRoot: false,
    full: false,
    open: async (bench) => ({
      version,
      writes: {
        image: writer(writes.image),
        index: writer(writes.index),
        referrers: writer(writes.referrers),
        names: writer(writes.names),
      },
      reads: reads(bench),
      close: async () => {},
    }),
  };
}

async function writeFixture(target: string, fixture: string) {
  const expectation = expectations[fixture];
  if (expectation === undefined) throw new Missing(`no fixture ${fixture}`);
  writeLayout(target, fixture);
  const referrers = expectation.referrers?.map((token: Token) => digests[token]);
  const expected = Object.entries(expectation.tags).flatMap(([path, tags]) =>
    Object.entries(tags).map(
      ([tag, token]): Expected => ({
        path,
        tag,
        digest: digests[token],
        ...(referrers === undefined || token !== 'A' ? {} : { referrerCount: referrers.length }),
      }),
    ),
  );
  return { path: target, expected };
}

function reader(how: string, read: () => Promise<string>): Reader {
  return { how, read };
}

/** zot serves a manifest only if it is an entry, and reads the subject of every entry. */
async function readAsZot(layout: string, content: TaggedContent): Promise<string> {
  const entries = await layoutEntries(layout);
  await expectNamed(layout, content.tag, content);
  const listed = new Set(entries.map(({ digest }) => digest));
  for (const child of content.children) expectThat(listed.has(child), `${child} is no entry`);
  const found: string[] = [];
  for (const entry of entries) if ((await subjectOf(layout, entry)) === content.digest) found.push(entry.digest);
  expectEqual([...new Set(found)].toSorted().join(), content.referrers.toSorted().join(), 'the referrers found');
  return `${found.length} referrers`;
}

async function expectNamed(layout: string, name: string, content: TaggedContent): Promise<void> {
  const named = (await layoutEntries(layout)).find((entry) => entry.annotations?.[refNameAnnotation] === name);
  expectEqual(named?.digest, content.digest, `the digest of the entry ${name}`);
}

async function subjectOf(layout: string, { digest }: Descriptor): Promise<string | undefined> {
  const text = await readFile(join(layout, 'blobs', digest.replace(':', '/')), 'utf8');
  return (JSON.parse(text) as { subject?: { digest: string } }).subject?.digest;
}
