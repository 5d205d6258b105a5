// What an operator does on the machine while servers run, in processes that are killed as well: rollbacks, removals, and repairs of files
// that somebody spoiled.
import { closeSync, existsSync, mkdirSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Content, imageIndex, imageManifest } from '../support/content.ts';
import type { Draws } from '../support/draws.ts';
import type { Ended } from './fleet.ts';
import { type KnownManifest, type KnownTag, type Model, Violation } from './model.ts';
import { mayBeUnlisted, mayBeUntagged } from './rules.ts';

/** Undefined when it was killed. */
export type RunCommand = (args: readonly string[], killAfterMs: number | undefined) => Promise<Ended | undefined>;

export interface OperatorOptions {
  readonly number: number;
  readonly model: Model;
  readonly shared: readonly Content[];
  readonly root: string;
  readonly copies: string;
  readonly command: RunCommand;
  readonly log: (line: string) => void;
  /** As a client does that finds it missing. Undefined when nobody said that it is there. */
  readonly push: (repository: string, blob: Content, draws: Draws) => Promise<number | undefined>;
  /** By any client, without a word to the model. */
  readonly mayBeDeleted: (blob: Content) => boolean;
}

const works = ['rollback', 'rollback', 'remove', 'spoil'] as const;

export class Operator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Of what one client has in a repository. */
  async work(repository: string, own: readonly KnownManifest[], draws: Draws): Promise<void> {
    const work = draws.of(works);
    const killAfterMs = draws.chance(0.5) ? 100 + draws.below(700) : undefined;
    const tags = [...this.#options.model.tags.values()].filter(
      (known) => known.repository === repository && this.#isOwn(known),
    );
    if (work === 'spoil') return this.#spoil(repository, own, draws, killAfterMs);
    if (work === 'rollback') {
      const known = tags.filter(({ before }) => before !== undefined);
      return known.length === 0 ? undefined : this.#rollBack(draws.of(known), killAfterMs);
    }
    if (draws.chance(0.5)) return tags.length === 0 ? undefined : this.#untag(draws.of(tags), killAfterMs);
    // As people do: an index before what it lists.
    const free = own.filter(
      ({ content }) => !own.some(({ children }) => children.some((it) => it.digest === content.digest)),
    );
    return free.length === 0 ? undefined : this.#remove(draws.of(free), killAfterMs);
  }

  #isOwn({ tag }: KnownTag): boolean {
    const { model, number } = this.#options;
    return [`c${number}-`, `${model.rules.tags}c${number}-`].some((begin) => tag.startsWith(begin));
  }

  async #rollBack(known: KnownTag, killAfterMs: number | undefined): Promise<void> {
    const { model, command, log } = this.#options;
    const { repository, tag, before } = known;
    if (before === undefined) return;
    const target = model.manifest(repository, before.digest);
    // Forgotten as it was gone for long: nobody would see it go again.
    if (target === undefined) return;
    const sentMs = Date.now();
    const ended = await command(['rollback', `${repository}:${tag}`, '--json'], killAfterMs);
    const endMs = Date.now();
    log(`  rollback ${repository}:${tag} to ${before.digest} -> ${ended?.code ?? 'killed'}`);
    if (ended === undefined) {
      // What a rule took away is what it meant before, if that was not seen as yet.
      const targets = tag.startsWith(model.rules.tags) ? [...known.ever] : [before.digest];
      for (const to of targets) model.rolledBack(known, to, false, { sentMs, endMs });
      return;
    }
    if (ended.code !== 0) {
      const isPromised = endMs < before.leftMs + model.graceMs && !this.#hasLostBlobs(target);
      const isSure = known.meant.size === 1 && !tag.startsWith(model.rules.tags);
      if (isPromised && isSure) throw unexpected('a rollback within the grace', ended);
      return;
    }
    const { to, from = '' } = JSON.parse(ended.stdout) as { to: string; from?: string };
    if (!known.meant.has(from) && !(from === '' && mayBeUntagged(model, known, Date.now())))
      throw new Violation(`a rollback of ${repository}:${tag} found ${from || 'nothing'}`);
    // What a rule did to the tag meanwhile is a move as well.
    if (to !== before.digest && !tag.startsWith(model.rules.tags))
      throw new Violation(`a rollback of ${repository}:${tag} went to ${to}, and it meant ${before.digest} before`);
    model.acknowledged.add('rollbacks');
    model.rolledBack(known, to, true, { sentMs, endMs });
  }

  /** A client deleted some of what it was made of, which the registry lets it once the manifest is deleted. */
  #hasLostBlobs({ repository, blobs, children }: KnownManifest): boolean {
    const { model, mayBeDeleted } = this.#options;
    const isLost = (blob: Content) => {
      const state = model.blobs.get(`${repository}@${blob.digest}`);
      return mayBeDeleted(blob) || (state !== undefined && state.leasedUntilMs <= 0);
    };
    const below = children.map(({ digest }) => model.manifest(repository, digest));
    return blobs.some(isLost) || below.some((child) => child === undefined || this.#hasLostBlobs(child));
  }

  async #untag(known: KnownTag, killAfterMs: number | undefined): Promise<void> {
    const { model, command, log } = this.#options;
    const { repository, tag } = known;
    const sentMs = Date.now();
    const ended = await command(['rm', `${repository}:${tag}`], killAfterMs);
    const times = { sentMs, endMs: Date.now() };
    log(`  rm ${repository}:${tag} -> ${ended?.code ?? 'killed'}`);
    if (ended !== undefined && ended.code !== 0 && !mayBeUntagged(model, known, times.endMs))
      throw unexpected(`rm of ${repository}:${tag}`, ended);
    if (ended?.code === 0) model.acknowledged.add('removals');
    model.untagged(repository, tag, ended !== undefined, times);
  }

  async #remove(manifest: KnownManifest, killAfterMs: number | undefined): Promise<void> {
    const { model, command, log } = this.#options;
    const { repository, content } = manifest;
    const sentMs = Date.now();
    const ended = await command(['rm', `${repository}@${content.digest}`], killAfterMs);
    const times = { sentMs, endMs: Date.now() };
    log(`  rm ${repository}@${content.digest} -> ${ended?.code ?? 'killed'}`);
    if (ended !== undefined && ended.code !== 0 && !mayBeUnlisted(model, manifest, times.endMs))
      throw unexpected(`rm of ${repository}@${content.digest}`, ended);
    if (ended?.code === 0) model.acknowledged.add('removals');
    model.removed(manifest, ended !== undefined, times);
  }

  /** Of an image that is there, a layer that no other has: one bit of its file changes, and somebody mends it. One at a time. */
  async #spoil(
    repository: string,
    own: readonly KnownManifest[],
    draws: Draws,
    killAfterMs: number | undefined,
  ): Promise<void> {
    const { model, shared, root, copies, command, log, push } = this.#options;
    if (model.damaged.size > 0) return;
    const there = own.filter(({ mayBeGone }) => !mayBeGone);
    const layers = there.flatMap(({ blobs }) => blobs.slice(1)).filter((blob) => !shared.includes(blob));
    if (layers.length === 0) return;
    const layer = draws.of(layers);
    const file = join(root, repository, blobPath(layer));
    model.damaged.set(`${repository}@${layer.digest}`, { repository, content: layer });
    if (!flipBit(file, draws.below(layer.bytes.byteLength))) {
      model.damaged.clear();
      return;
    }
    keepCopy(copies, layer);
    const ended = await command(['verify', repository, '--repair', '--from', copies], killAfterMs);
    log(`  spoil ${repository}@${layer.digest}, repair -> ${ended?.code ?? 'killed'}`);
    if (ended !== undefined && ended.code !== 0) throw unexpected(`a repair of ${repository}`, ended);
    if (ended?.code === 0) {
      model.acknowledged.add('repairs');
      model.damaged.clear();
    } else await push(repository, layer, draws);
  }
}

/** False where a rule, or a collection, took it. */
function flipBit(path: string, at: number): boolean {
  if (!existsSync(path)) return false;
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
  closeSync(file);
  return true;
}

/** In a layout of one image that consists of it. */
function keepCopy(layout: string, layer: Content): void {
  const image = imageManifest({ layers: [layer] });
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  for (const each of [image, image.config, layer]) writeFileSync(join(layout, blobPath(each)), each.bytes);
  const index = imageIndex({ manifests: [image] });
  writeFileSync(join(layout, 'index.json'), index.bytes);
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

function blobPath({ digest }: Content): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function unexpected(what: string, { code, stdout, stderr }: Ended): Violation {
  return new Violation(`${what} ended with ${code}: ${`${stdout}${stderr}`.slice(-800)}`);
}
