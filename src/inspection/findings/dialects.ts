// Which tools wrote to a layout, by the traces they leave (docs/layouts.md#conventions): what each of them does and does not find follows from it.

import { isNamedResponse } from '../../layout/index/entry-name.ts';
import { annotationOf } from '../../layout/index/index-document.ts';
import type { IndexEntry } from '../../layout/index/index-entry.ts';
import type { LayoutIndex } from '../../layout/index/layout-index.ts';
import { annotationKeys } from '../../oci/annotations.ts';
import { fieldsOf, type WrittenFields } from './entry-fields.ts';

/** A tool, and what shows that it was there. Several tools where they do the same. */
export interface Dialect {
  readonly tool: string;
  readonly trace: string;
}

const traceOfFile: readonly (readonly [name: RegExp, dialect: Dialect])[] = [
  [/^ingest$/, { tool: 'oras or containerd', trace: 'ingest/' }],
  [/^\.uploads$/, { tool: 'zot', trace: '.uploads/' }],
  [/^_uploads$/, { tool: 'olareg', trace: '_uploads/' }],
  [/^manifest\.json$/, { tool: 'docker save or ctr export', trace: 'manifest.json' }],
  [/^repositories$/, { tool: 'docker save', trace: 'repositories' }],
  [/^\.lock$/, { tool: 'linuxkit', trace: '.lock' }],
  [/^index\.lock$/, { tool: 'podman artifact', trace: 'index.lock' }],
  [/^index\.json\.lock$/, { tool: 'BuildKit', trace: 'index.json.lock' }],
  [/^\.umoci-/, { tool: 'umoci', trace: '.umoci-*' }],
  [/^oci-put-blob/, { tool: 'skopeo', trace: 'oci-put-blob*' }],
  [/^index\.json\..*tmp$/, { tool: 'regctl', trace: 'index.json.*.tmp' }],
];

/**
 * `names` are those of the files and directories directly in the layout, `entries` those that are looked at: all, unless somebody waits who needs
 * no more than a hint.
 */
export function dialectsOf(
  index: LayoutIndex,
  names: Iterable<string>,
  entries: Iterable<IndexEntry> = index.entries,
): readonly Dialect[] {
  const found = new Map<string, Dialect>();
  const add = (dialect: Dialect) => found.set(`${dialect.tool} ${dialect.trace}`, dialect);
  for (const name of names) for (const [pattern, dialect] of traceOfFile) if (pattern.test(name)) add(dialect);
  for (const dialect of ofDocument(index)) add(dialect);
  for (const entry of entries) for (const dialect of ofEntry(entry, fieldsOf(entry))) add(dialect);
  return [...found.values()].sort((a, b) => (`${a.tool} ${a.trace}` < `${b.tool} ${b.trace}` ? -1 : 1));
}

function* ofDocument({ document, entries }: LayoutIndex): Generator<Dialect> {
  const { head, tail } = document;
  if (annotationOf(document, annotationKeys.olaregConvert) !== undefined) {
    yield { tool: 'olareg', trace: annotationKeys.olaregConvert };
  }
  const around = `${head}${tail}`;
  if (around.includes(`"${annotationKeys.olaregHistory}"`))
    yield { tool: 'olareg', trace: annotationKeys.olaregHistory };
  if (entries.length > 0 && !around.includes('"mediaType"')) {
    yield { tool: 'skopeo, podman, zot or regctl export', trace: 'index.json without mediaType' };
  }
  const [first] = entries;
  const isLone = entries.length === 1 && first !== undefined && isNameless(first);
  if (isLone) yield { tool: 'crane or skopeo', trace: 'one entry without a name' };
}

function isNameless(entry: IndexEntry): boolean {
  return !entry.isNamed && entry.createdAt === undefined && fieldsOf(entry).annotations.kind === undefined;
}

function* ofEntry(entry: IndexEntry, { annotations, hasPlatform, hasArtifactType }: WrittenFields): Generator<Dialect> {
  const { kind } = annotations;
  if (kind?.startsWith('dev.cosignproject.cosign/')) yield { tool: 'cosign save', trace: 'annotation kind' };
  if (kind?.startsWith('dev.hauler/')) yield { tool: 'hauler', trace: 'annotation kind' };
  if (annotations[annotationKeys.olaregSubject] !== undefined) {
    yield { tool: 'olareg', trace: annotationKeys.olaregSubject };
  }
  if (annotations[annotationKeys.proposedSubject] !== undefined) {
    yield { tool: 'image-spec PR #1171', trace: annotationKeys.proposedSubject };
  }
  const isMarked = annotations[annotationKeys.containerdSubject] !== undefined;
  if (isMarked) yield { tool: 'containerd, docker, buildx or moorage', trace: annotationKeys.containerdSubject };
  else if (hasArtifactType && !entry.isNamed) yield { tool: 'oras or notation', trace: 'artifactType on an entry' };
  if (!entry.isNamed && hasPlatform) yield { tool: 'oras', trace: 'platform on the entry of a child' };
  if (Object.keys(annotations).some((key) => key.startsWith('containerd.io/distribution.source.'))) {
    yield { tool: 'containerd', trace: 'containerd.io/distribution.source.*' };
  }
  if (annotations[annotationKeys.baseName] !== undefined) {
    yield { tool: 'zarf', trace: annotationKeys.baseName };
  }
  if (annotations[annotationKeys.dockerReferenceType] !== undefined) {
    yield { tool: 'BuildKit', trace: annotationKeys.dockerReferenceType };
  }
  // cosign and hauler name entries in their own way.
  if (kind === undefined) yield* ofName(entry, annotations[annotationKeys.refName]);
}

function* ofName({ name, createdAt }: IndexEntry, refName: string | undefined): Generator<Dialect> {
  if (isNamedResponse(name)) yield { tool: 'regclient or moorage', trace: 'referrers tags' };
  else if (name.kind === 'tag' && createdAt !== undefined) {
    yield { tool: 'regclient, olareg or moorage', trace: 'tags with a creation time' };
  }
  if (name.kind !== 'full') return;
  if (name.style === 'image-name') {
    const tool = createdAt === undefined ? 'docker save or ctr export' : 'BuildKit';
    yield { tool, trace: annotationKeys.imageName };
  } else if (refName?.startsWith('index.docker.io/')) yield { tool: 'crane', trace: 'full names in ref.name' };
  else yield { tool: 'oras, skopeo, podman or linuxkit', trace: 'full names in ref.name' };
}
