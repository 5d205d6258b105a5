// What must hold after everything was killed, by what was answered: a request without an answer may have happened or not, until
// somebody looks; what was seen then holds as if it had been answered.
import type { Content } from '../support/content.ts';
import { mayBeUnlisted } from './rules.ts';
import { Tally } from './tally.ts';

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
  /** It was not pushed later than this, for all that was answered. */
  pushedMs: number;
  /** It was not pushed earlier than this. */
  touchedMs: number;
  /** A tag left it then, at the earliest. */
  leftMs: number;
  /** Whoever pushed it last began to look then which of its blobs are there. */
  lookedMs: number;
}

export interface KnownTag {
  readonly repository: string;
  readonly tag: string;
  /** What it may mean; '' for nothing. */
  readonly meant: Set<string>;
  /** All that it ever meant. */
  readonly ever: Set<string>;
  pushedMs: number;
  touchedMs: number;
  /** What a rollback goes back to, and since when, at the earliest; undefined: nobody knows. */
  before: { readonly digest: string; readonly leftMs: number } | undefined;
}

/** A blob that a client was told about by itself, whatever leads to it. */
export interface KnownBlob {
  readonly repository: string;
  readonly content: Content;
  /** Until then nobody may take it. 0: it was deleted. -1: nobody knows whether it was. */
  leasedUntilMs: number;
}

/** Rules of retention that the servers and collections of a directory have. */
export interface Rules {
  /** They are about tags that begin so. */
  readonly tags: string;
  readonly keepNewest: number;
  readonly keepPushedWithinMs: number;
  readonly untaggedMs: number | 'keep';
}

/** Somebody asked for it, and may have been told that it is done. */
export interface BlobDelete {
  readonly repository: string;
  readonly digest: string;
  readonly sentMs: number;
  /** Infinity until it is answered. */
  endMs: number;
}

export interface Times {
  /** When it was asked for, and when it was answered, or nobody waited any longer. */
  readonly sentMs: number;
  readonly endMs: number;
}

/** How long what is gone is still asked for. */
const goneKept = 60;
const deletesKept = 1_000;

export class Model {
  readonly graceMs: number;
  readonly rules: Rules;
  readonly tags = new Map<string, KnownTag>();
  readonly manifests = new Map<string, KnownManifest>();
  readonly blobs = new Map<string, KnownBlob>();
  /** Blobs whose file somebody spoiled, until a repair or a push is answered. */
  readonly damaged = new Map<string, { readonly repository: string; readonly content: Content }>();
  readonly acknowledged = new Tally();
  /** The last of them. */
  readonly #blobDeletes: BlobDelete[] = [];

  constructor(graceMs: number, rules: Rules) {
    this.graceMs = graceMs;
    this.rules = rules;
  }

  tag(repository: string, tag: string): KnownTag {
    const key = `${repository}:${tag}`;
    const fresh = { repository, tag, meant: new Set(['']), ever: new Set<string>() };
    const known = this.tags.get(key) ?? { ...fresh, pushedMs: 0, touchedMs: 0, before: undefined };
    this.tags.set(key, known);
    return known;
  }

  manifest(repository: string, digest: string): KnownManifest | undefined {
    return this.manifests.get(`${repository}@${digest}`);
  }

  /** Undefined `tag`: pushed by digest. `lookedMs`: before that nobody looked whether its blobs are there. */
  pushed(
    manifest: Manifest,
    tag: string | undefined,
    isSure: boolean,
    times: Times & { readonly lookedMs?: number },
  ): void {
    const key = `${manifest.repository}@${manifest.content.digest}`;
    const neverYet = { mayBeThere: false, mayBeGone: true, pushedMs: 0, touchedMs: 0, leftMs: 0, lookedMs: 0 };
    const known = this.manifests.get(key) ?? { ...manifest, ...neverYet };
    this.#settle(known, times);
    // At the end of the line again: the oldest are deleted first.
    this.manifests.delete(key);
    this.manifests.set(key, known);
    known.lookedMs = times.lookedMs ?? times.sentMs;
    this.#listed(known, isSure, times);
    // It would have been refused without them: requireReferences goes with `untagged` here.
    if (isSure && this.rules.untaggedMs !== 'keep')
      for (const { digest } of known.children) this.#found(this.manifest(manifest.repository, digest));
    if (tag !== undefined) this.#moved(this.tag(manifest.repository, tag), known.content.digest, isSure, times);
  }

  /** A manifest that is on the list by what was done, or may be. */
  #listed(known: KnownManifest, isSure: boolean, { sentMs, endMs }: Times): void {
    known.mayBeThere = true;
    known.touchedMs = endMs;
    if (!isSure) return;
    known.mayBeGone = false;
    known.pushedMs = sentMs;
  }

  #found(known: KnownManifest | undefined): void {
    if (known?.mayBeThere) known.mayBeGone = false;
  }

  /** What a rule may have taken until now is not brought back by what leads to it from now on. */
  #settle({ repository, owner }: KnownManifest, { endMs }: Times): void {
    const taken = [...this.manifests.values()].filter(
      (known) => known.owner === owner && known.repository === repository && mayBeUnlisted(this, known, endMs),
    );
    for (const known of taken) known.mayBeGone = true;
  }

  /** Back to what it meant: what it leads to may have come back as well. */
  rolledBack(tag: KnownTag, to: string, isSure: boolean, times: Times): void {
    const target = this.manifest(tag.repository, to);
    if (target !== undefined) this.#settle(target, times);
    const put = (digest: string) => {
      const known = this.manifest(tag.repository, digest);
      if (known === undefined) return;
      this.#listed(known, isSure, times);
      for (const child of known.children) put(child.digest);
    };
    put(to);
    this.#moved(tag, to, isSure, times);
  }

  untagged(repository: string, tag: string, isSure: boolean, times: Times): void {
    this.#moved(this.tag(repository, tag), '', isSure, times);
  }

  /** With all its tags, in one step. */
  removed(manifest: KnownManifest, isSure: boolean, times: Times): void {
    const { digest } = manifest.content;
    manifest.mayBeGone = true;
    if (isSure) manifest.mayBeThere = false;
    for (const known of this.tags.values()) {
      if (known.repository !== manifest.repository || !known.meant.has(digest)) continue;
      if (known.meant.size === 1) this.#moved(known, '', isSure, times);
      else {
        if (isSure) known.meant.delete(digest);
        known.meant.add('');
        known.before = undefined;
      }
    }
  }

  /** '' for nothing. */
  #moved(known: KnownTag, to: string, isSure: boolean, { sentMs, endMs }: Times): void {
    const [from] = known.meant;
    const wasSure = known.meant.size === 1;
    if (wasSure && from !== undefined && from !== '' && from !== to) {
      const left = this.manifest(known.repository, from);
      if (left !== undefined) left.leftMs = sentMs;
    }
    if (!isSure || !wasSure) known.before = undefined;
    else if (from !== undefined && from !== '' && from !== to) known.before = { digest: from, leftMs: sentMs };
    else if (known.before?.digest === to) known.before = undefined;
    if (isSure) known.meant.clear();
    known.meant.add(to);
    if (to === '') return;
    known.ever.add(to);
    known.touchedMs = endMs;
    if (isSure) known.pushedMs = sentMs;
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

  /** To be told when it is answered. */
  blobDelete(repository: string, digest: string, sentMs: number): BlobDelete {
    const deletion = { repository, digest, sentMs, endMs: Number.POSITIVE_INFINITY };
    this.#blobDeletes.push(deletion);
    if (this.#blobDeletes.length > deletesKept) this.#blobDeletes.shift();
    return deletion;
  }

  /**
   * A client that was told that a blob is there, which another one deletes before any manifest needs it, or which a collection takes since
   * the client needed longer for its image than the grace lasts, pushes an image without it: it is taken unless references are required.
   */
  mayLack({ repository, lookedMs, touchedMs }: KnownManifest, digest: string): boolean {
    if (this.rules.untaggedMs !== 'keep') return false;
    if (touchedMs - lookedMs >= this.graceMs) return true;
    return this.#blobDeletes.some(
      (each) =>
        each.repository === repository && each.digest === digest && each.sentMs <= touchedMs && each.endMs >= lookedMs,
    );
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
