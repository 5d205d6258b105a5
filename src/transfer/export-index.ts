// index.json of an export, in the form of each profile: pure, and the same for the same content (docs/layouts.md#exports).
import { emptyIndexDocument } from '../layout/index/index-document.ts';
import { IndexDraft } from '../layout/index/index-draft.ts';
import { type EntryFields, type IndexEntry, newIndexEntry } from '../layout/index/index-entry.ts';
import { LayoutIndex } from '../layout/index/layout-index.ts';
import { maxResponseBytes, type Response, responseAround } from '../layout/manifests/referrers-json.ts';
import { annotationKeys } from '../oci/annotations.ts';
import { cosignTagParts } from '../oci/cosign-tag.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { referrersTagOf } from '../oci/referrers-tag.ts';
import { CopyError } from './copy-error.ts';
import type { ExportContent, ExportedImage, ExportedManifest } from './export-content.ts';
import { type ExportProfile, listsReferrers, usesFullNames } from './export-profile.ts';

export interface ExportEntries {
  /** None of them carries the time of the export: the same export twice gives the same bytes. */
  readonly entries: readonly IndexEntry[];
  /** Referrers responses that entries name: made here, stored like manifests. */
  readonly responses: readonly Response[];
}

/** Throws CopyError when the profile cannot hold the content. */
export function exportEntries(content: ExportContent, profile: ExportProfile): ExportEntries {
  const images = namedImages(content, profile);
  if (profile === 'crane' && images.length > 1) {
    throw new CopyError(
      'a layout for crane holds exactly one image; export them one by one, or choose another profile',
    );
  }
  const others = [...content.manifests.values()].filter(({ role }) => role !== 'image').sort(byDigest);
  const referrers = others.filter(({ subject }) => subject !== undefined);
  if (profile === 'oci') {
    const children = others.filter(({ subject }) => subject === undefined);
    const responses = responsesFor([...content.manifests.values()].sort(byDigest));
    return {
      entries: [...images, ...children.map(childEntry), ...referrers.map(referrerEntry), ...responses.map(tagEntry)],
      responses: responses.map(({ response }) => response),
    };
  }
  // What an exported index holds is found through it: containerd lists only the others.
  const listed = listsReferrers(profile) ? referrers.filter(({ role }) => role === 'referrer') : [];
  return { entries: [...images, ...listed.map(referrerEntry)], responses: [] };
}

/** `base` with the entries of an export: the same names replaced, everything else kept as it is. */
export function withExport(base: LayoutIndex, { entries }: Pick<ExportEntries, 'entries'>): LayoutIndex {
  const draft = new IndexDraft(base);
  const names = new Set(entries.map(nameIn).filter((name) => name !== undefined));
  for (const entry of base.entries) {
    const name = nameIn(entry);
    if (name !== undefined && names.has(name)) draft.remove(entry);
  }
  for (const entry of entries) {
    const { digest } = entry;
    const isListed =
      nameIn(entry) === undefined &&
      digest !== undefined &&
      draft.lists(digest, (each) => each.subject === entry.subject);
    if (!isListed) draft.add(entry);
  }
  return draft.finish();
}

export function emptyLayoutIndex(): LayoutIndex {
  return LayoutIndex.of(emptyIndexDocument);
}

/** Full names where there are any: two images of different repositories may have the same tag. */
function nameIn(entry: IndexEntry): string | undefined {
  const { annotations } = JSON.parse(entry.line) as { annotations?: Record<string, unknown> };
  const fullName = annotations?.[annotationKeys.imageName] ?? annotations?.[annotationKeys.ownName];
  if (typeof fullName === 'string') return fullName;
  const refName = annotations?.[annotationKeys.refName];
  return typeof refName === 'string' ? refName : undefined;
}

function namedImages(content: ExportContent, profile: ExportProfile): readonly IndexEntry[] {
  const entries = new Map<string, { readonly digest: Digest; readonly entry: IndexEntry }>();
  const tagged = new Set(content.images.flatMap(({ tag, digest }) => (tag === undefined ? [] : [digest])));
  for (const image of content.images) {
    const { digest, tag } = image;
    const found = content.manifests.get(digest);
    if (found === undefined) throw new Error(`${digest} was not collected`);
    // Where only tags count, the name of one tag is enough for an image that was asked for by digest as well.
    if (tag === undefined && tagged.has(digest) && !usesFullNames(profile)) continue;
    const name = usesFullNames(profile) ? engineNameOf(image) : (tag ?? digest);
    const known = entries.get(name);
    // Of two repositories, each with a signature of its own for one image, the first is kept: nobody asked for either by name.
    if (known !== undefined && image.isSignature) continue;
    if (known !== undefined && known.digest !== digest) {
      throw new CopyError(`two images would be named "${name}": ${known.digest} and ${digest}; ${wayOut(profile)}`);
    }
    entries.set(name, { digest, entry: imageEntry(image, found, profile) });
  }
  return [...entries.values()].map(({ entry }) => entry);
}

function wayOut(profile: ExportProfile): string {
  return usesFullNames(profile)
    ? 'export them apart'
    : 'export them apart, or with --profile docker, ctr or linuxkit, which keep full names';
}

/** What a signature of cosign is of, which it does not say itself. */
function signedBy({ tag }: ExportedImage): Digest | undefined {
  return tag === undefined ? undefined : cosignTagParts(tag)?.subject;
}

/** The name that an engine knows the image by. */
export function engineNameOf({ fullName, tag, digest }: Pick<ExportedImage, 'fullName' | 'tag' | 'digest'>): string {
  return tag === undefined ? `${fullName}@${digest}` : `${fullName}:${tag}`;
}

function imageEntry(
  image: ExportedImage,
  { descriptor, subject }: ExportedManifest,
  profile: ExportProfile,
): IndexEntry {
  const { refName, imageName, ownName, containerdSubject } = annotationKeys;
  const name = engineNameOf(image);
  switch (profile) {
    case 'docker':
    case 'ctr':
      // ctr stops at what has a name and no layers of an image; docker makes an image of what says no subject.
      if (image.isSignature) return entryOf(descriptor, { [containerdSubject]: signedBy(image), [ownName]: name });
      // As containerd writes it: the whole name where there is no tag.
      return entryOf(descriptor, { [imageName]: name, [refName]: image.tag ?? name });
    case 'linuxkit':
      return entryOf(descriptor, { [refName]: name });
    case 'crane':
      return entryOf(descriptor, { [refName]: image.tag });
    case 'oci':
      return subject === undefined
        ? entryOf(descriptor, { [refName]: image.tag })
        : entryOf(descriptor, { [refName]: image.tag, [containerdSubject]: subject }, true);
  }
}

function childEntry({ descriptor }: ExportedManifest): IndexEntry {
  return entryOf(descriptor, {});
}

function referrerEntry({ descriptor, subject }: ExportedManifest): IndexEntry {
  return entryOf(descriptor, { [annotationKeys.containerdSubject]: subject }, true);
}

interface SubjectResponse {
  readonly subject: Digest;
  readonly response: Response;
}

function tagEntry({ subject, response }: SubjectResponse): IndexEntry {
  return entryOf(response.descriptor, { [annotationKeys.refName]: referrersTagOf(subject) });
}

function responsesFor(manifests: readonly ExportedManifest[]): readonly SubjectResponse[] {
  const bySubject = new Map<Digest, Descriptor[]>();
  for (const { subject, descriptor } of manifests) {
    if (subject === undefined) continue;
    const group = bySubject.get(subject) ?? [];
    group.push(descriptor);
    bySubject.set(subject, group);
  }
  return [...bySubject]
    .map(([subject, descriptors]) => ({ subject, response: responseAround(Buffer.from(JSON.stringify(descriptors))) }))
    .filter(({ response }) => response.bytes.byteLength <= maxResponseBytes)
    .sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

/** The manifest's own annotations stay out: one of them may be a name (docs/layouts.md#no-annotations-of-the-manifest). */
function entryOf(
  { mediaType, digest, size, artifactType }: Descriptor,
  annotations: EntryFields['annotations'],
  withType = false,
): IndexEntry {
  return newIndexEntry({ mediaType, digest, size, artifactType: withType ? artifactType : undefined, annotations });
}

function byDigest(one: ExportedManifest, other: ExportedManifest): number {
  return one.descriptor.digest < other.descriptor.digest ? -1 : 1;
}
