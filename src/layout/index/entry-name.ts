// What an entry of index.json is called, whichever tool wrote it (docs/layouts.md#what-an-entry-is-called): one reading of its annotations.
import { type Annotations, annotationKeys } from '../../oci/annotations.ts';
import { isDigest } from '../../oci/digest.ts';
import { isTag, type Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import { type ImageName, parseImageName } from './image-name.ts';

export type NameStyle = 'ref-name' | 'image-name' | 'base-name';

export type EntryName =
  /** A child, a referrer, an older manifest: found by digest only. */
  | { readonly kind: 'none' }
  /** The convention of most tools, and ours: `ref.name` is the tag. */
  | { readonly kind: 'tag'; readonly tag: Tag }
  /** A full name; `bareTag` is what `ref.name` says beside it. `style` is where the name stands. */
  | {
      readonly kind: 'full';
      readonly image: ImageName;
      /** Further names of the same image, where one annotation has several. */
      readonly others: readonly ImageName[];
      readonly bareTag: Tag | undefined;
      /** `name@sha256:...`: it says itself that it means no tag. */
      readonly hasDigest: boolean;
      readonly style: NameStyle;
    }
  /** A signature, an attestation or a response that carries the name of the image it belongs to (cosign, hauler). */
  | { readonly kind: 'auxiliary' }
  /** A name that no client can ask for: found by digest only. */
  | { readonly kind: 'unusable'; readonly text: string };

const none: EntryName = { kind: 'none' };
const auxiliary: EntryName = { kind: 'auxiliary' };

export function entryNameOf(annotations: Annotations): EntryName {
  if (isAuxiliaryKind(annotations.kind)) return auxiliary;
  const refName = annotations[annotationKeys.refName];
  const imageName = fullNameIn(annotations);
  // A referrer or a response is only called something when its own name says so.
  const isNamedByUs = annotations[annotationKeys.ownName] !== undefined;
  if (refName === undefined && !isNamedByUs && belongsToSubject(annotations))
    return imageName === undefined ? none : auxiliary;
  if (imageName !== undefined) {
    const [image, ...others] = imageNamesIn(imageName);
    const style = annotations[annotationKeys.baseName] === imageName ? 'base-name' : 'image-name';
    // A tag beside several names says nothing that they do not.
    const bareTag = refName !== undefined && isTag(refName) && others.length === 0 ? refName : undefined;
    if (image !== undefined) return { kind: 'full', image, others, bareTag, hasDigest: imageName.includes('@'), style };
  }
  if (refName !== undefined) return nameIn(refName);
  return imageName === undefined ? none : { kind: 'unusable', text: imageName };
}

function nameIn(refName: string): EntryName {
  if (isTag(refName)) return { kind: 'tag', tag: refName };
  // Without a slash, a colon or a digest it is no tag, and no name of a repository either.
  // A digest alone names no repository called `sha256`.
  const [image, ...others] = /[/:@]/.test(refName) && !isDigest(refName) ? imageNamesIn(refName) : [];
  if (image === undefined) return { kind: 'unusable', text: refName };
  return { kind: 'full', image, others, bareTag: undefined, hasDigest: refName.includes('@'), style: 'ref-name' };
}

/** The annotation `imageName`, or what stands for it where nothing else of the entry says anything (zarf before its version of 2025). */
export function fullNameIn(annotations: Annotations): string | undefined {
  const { imageName, ownName, baseName } = annotationKeys;
  const isBaseAlone = annotations[baseName] !== undefined && Object.keys(annotations).length === 1;
  // Of an image that was built on another one it is the name of that other one. Those who copy it from there copy more.
  return annotations[imageName] ?? annotations[ownName] ?? (isBaseAlone ? annotations[baseName] : undefined);
}

/** More names than anybody gives one image. */
const maxNames = 100;

/** The names in one annotation. BuildKit before 0.19 writes all names of a build into one, with commas between (`tar=false`). */
function imageNamesIn(text: string): readonly ImageName[] {
  if (!text.includes(',')) return [parseImageName(text)].filter((name) => name !== undefined);
  const parts = text.split(',', maxNames + 1);
  if (parts.length > maxNames) return [];
  return parts.flatMap((part) => (/[/:]/.test(part) ? (parseImageName(part) ?? []) : []));
}

/** hauler gives signatures and referrers the very name of the image, and tells them apart by `kind`; so does `cosign save`. */
function isAuxiliaryKind(kind: string | undefined): boolean {
  return kind !== undefined && (/\/(?:sigs|atts|sboms)$/.test(kind) || kind.includes('/referrers/'));
}

function belongsToSubject(annotations: Annotations): boolean {
  const { containerdSubject, olaregSubject, proposedSubject } = annotationKeys;
  return [containerdSubject, olaregSubject, proposedSubject].some((key) => annotations[key] !== undefined);
}

/** The tag part of a name: what a client without the referrers API would look a response up by. */
export function tagOf(name: EntryName): Tag | undefined {
  if (name.kind === 'tag') return name.tag;
  return name.kind === 'full' ? (name.bareTag ?? name.image.tag) : undefined;
}

export function isNamedResponse(name: EntryName): boolean {
  const tag = tagOf(name);
  return tag !== undefined && isReferrersTag(tag);
}
