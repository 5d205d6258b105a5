// What must hold after everything was killed, by what was answered: a request without an answer may have happened or not, until
// somebody looks; what was seen then holds as if it had been answered.
import type { Content } from '../support/content.ts';

/** Something that was acknowledged does not hold, or a promise was broken: the run stops. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface Manifest {
  readonly repository: string;
  /** The client that pushed it. No other touches it. */
  readonly owner: number;
  readonly content: Content;
  /** Those that it refers to and that are no manifests. */
  readonly blobs: readonly Content[];
  readonly children: readonly Content[];
  readonly subject: Content | undefined;
}

export interface KnownManifest extends Manifest {
  mayBeThere: boolean;
  mayBeGone: boolean;
}

/** A blob that a client was told about by itself, whatever leads to it. */
export interface KnownBlob {
  readonly repository: string;
  readonly content: Content;
  /** Until then nobody may take it. 0: it was deleted. -1: nobody knows whether it was. */
  leasedUntilMs: number;
}

/** How long what is gone is still asked for. */
const goneKept = 60;

export class Model {
  readonly graceMs: number;
  /** What each tag may mean; '' for nothing. */
  readonly tags = new Map<string, Set<string>>();
  readonly manifests = new Map<string, KnownManifest>();
  readonly blobs = new Map<string, KnownBlob>();
  acknowledged = 0;

  constructor(graceMs: number) {
    this.graceMs = graceMs;
  }

  tag(repository: string, tag: string): Set<string> {
    const key = `${repository}:${tag}`;
    const known = this.tags.get(key) ?? new Set(['']);
    this.tags.set(key, known);
    return known;
  }

  /** Undefined `tag`: pushed by digest. */
  pushed(manifest: Manifest, tag: string | undefined, isSure: boolean): void {
    const key = `${manifest.repository}@${manifest.content.digest}`;
    const known = this.manifests.get(key) ?? { ...manifest, mayBeThere: false, mayBeGone: true };
    // At the end of the line again: the oldest are deleted first.
    this.manifests.delete(key);
    this.manifests.set(key, known);
    known.mayBeThere = true;
    if (isSure) known.mayBeGone = false;
    if (tag === undefined) return;
    const meant = this.tag(manifest.repository, tag);
    if (isSure) meant.clear();
    meant.add(manifest.content.digest);
  }

  untagged(repository: string, tag: string, isSure: boolean): void {
    const meant = this.tag(repository, tag);
    if (isSure) meant.clear();
    meant.add('');
  }

  /** With all its tags, in one step. */
  removed(manifest: KnownManifest, isSure: boolean): void {
    const { digest } = manifest.content;
    manifest.mayBeGone = true;
    if (isSure) manifest.mayBeThere = false;
    for (const [key, meant] of this.tags) {
      if (!key.startsWith(`${manifest.repository}:`) || !meant.has(digest)) continue;
      if (isSure) meant.delete(digest);
      meant.add('');
    }
  }

  /** `sentMs`: the lease is not older than the request. */
  told(repository: string, content: Content, sentMs: number): void {
    this.blobs.set(`${repository}@${content.digest}`, {
      repository,
      content,
      leasedUntilMs: sentMs + this.graceMs,
    });
  }

  blobRemoved(repository: string, content: Content, isSure: boolean): void {
    this.blobs.set(`${repository}@${content.digest}`, { repository, content, leasedUntilMs: isSure ? 0 : -1 });
  }

  /** Whether every manifest of it that may be there is gone for sure. */
  isNeeded(repository: string, digest: string): boolean {
    for (const known of this.manifests.values()) {
      if (known.mayBeThere && known.repository === repository && known.blobs.some((blob) => blob.digest === digest))
        return true;
    }
    return false;
  }

  referrersOf(repository: string, digest: string): readonly KnownManifest[] {
    return [...this.manifests.values()].filter(
      (known) => known.repository === repository && known.subject?.digest === digest,
    );
  }

  /** What is gone for long is asked for no more, or each round would take longer than the one before. */
  forget(nowMs: number): void {
    const gone = [...this.manifests].filter(([, { mayBeThere }]) => !mayBeThere);
    for (const [key] of gone.slice(0, -goneKept)) this.manifests.delete(key);
    const deleted = [...this.blobs].filter(([, { leasedUntilMs }]) => leasedUntilMs === 0);
    for (const [key] of deleted.slice(0, -goneKept)) this.blobs.delete(key);
    for (const [key, { leasedUntilMs }] of this.blobs)
      if (leasedUntilMs !== 0 && leasedUntilMs < nowMs) this.blobs.delete(key);
  }
}
