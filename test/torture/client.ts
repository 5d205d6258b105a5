// A client that pushes, tags, mounts, attaches and deletes, and tells the model what was answered.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Content,
  configType,
  contentOf,
  imageIndex,
  imageManifest,
  layerType,
  referrerOf,
} from '../support/content.ts';
import { Draws } from '../support/draws.ts';
import { ask } from './ask.ts';
import { type KnownManifest, type Manifest, type Model, Violation } from './model.ts';
import { Operator, type RunCommand } from './operator.ts';
import { mayBeUnlisted, mayBeUntagged } from './rules.ts';
import { finished, pathOf, type Target, unexpected, upload, uploadForms } from './upload.ts';

export const repositories = ['app', 'base', 'team/app', 'team/app/nested'] as const;
const tagsEach = 3;
/** Above it the oldest are deleted. */
const mostManifests = 8;
const largestBytes = 120_000;
const longestPauseMs = 600;

/** Layers that all clients share. */
export function sharedLayers(seed: number): readonly Content[] {
  return [3_000, 20_000, 70_000].map((size) => contentOf(new Draws(seed, `shared ${size}`).bytes(size), layerType));
}

export interface ClientOptions {
  readonly seed: number;
  readonly number: number;
  readonly model: Model;
  readonly shared: readonly Content[];
  readonly url: () => Promise<string>;
  readonly goesOn: () => boolean;
  readonly log: (line: string) => void;
  readonly command: RunCommand;
  readonly root: string;
  /** Where good copies of what is spoiled lie. */
  readonly copies: string;
}

type Work = 'image' | 'again' | 'index' | 'attach' | 'blob' | 'untag' | 'remove' | 'remove-blob' | 'operator';
/** Each as often as it stands here. */
const works: readonly Work[] = [
  ...(['image', 'image', 'image', 'image', 'image', 'image', 'again', 'again', 'again', 'index', 'attach'] as const),
  ...(['attach', 'attach', 'blob', 'untag', 'remove', 'remove', 'remove-blob', 'operator', 'operator'] as const),
];

export class Client {
  readonly #options: ClientOptions;
  readonly #operator: Operator;

  constructor(options: ClientOptions) {
    this.#options = options;
    const push = (repository: string, blob: Content, draws: Draws) => this.#blob(repository, blob, draws);
    this.#operator = new Operator({ ...options, push, mayBeDeleted: (blob) => this.#mayBeDeleted(blob) });
  }

  /** Its work of one round: the same in every run of the seed, up to where the round ends. */
  async run(round: number): Promise<void> {
    const { seed, number, goesOn, log } = this.#options;
    for (let at = 0; goesOn(); at += 1) {
      const draws = new Draws(seed, `${round}/${number}/${at}`);
      const repository = draws.of(repositories);
      const own = this.#own(repository);
      const work = own.length >= mostManifests ? 'remove' : draws.of(works);
      log(`${round}.${number}.${at} ${work} ${repository}`);
      await this.#do(work, repository, own, draws);
    }
  }

  async #do(work: Work, repository: string, own: readonly KnownManifest[], draws: Draws): Promise<void> {
    const { number, model } = this.#options;
    const tag = `${draws.chance(0.3) ? model.rules.tags : ''}c${number}-t${draws.below(tagsEach)}`;
    const there = own.filter(({ mayBeGone }) => !mayBeGone);
    if (work === 'operator') return this.#operator.work(repository, own, draws);
    if (work === 'untag') return this.#untag(repository, tag);
    if (work === 'blob') return void (await this.#blob(repository, this.#layer(draws), draws));
    if (work === 'remove-blob') return this.#removeBlob(repository, own, draws);
    if (work === 'remove') {
      // As people do: an index before what it lists.
      const free = own.filter(
        ({ content }) => !own.some(({ children }) => children.some((it) => it.digest === content.digest)),
      );
      return free[0] && this.#remove(own.length >= mostManifests ? free[0] : draws.of(free));
    }
    if (there.length === 0 || work === 'image') return this.#image(repository, tag, draws);
    if (work === 'again') {
      // Also what was deleted, whose blobs a collection is about to take.
      const known = [...this.#known(repository).filter(({ blobs }) => blobs.length > 1), ...there];
      return this.#push(draws.of(known), draws.chance(0.8) ? tag : undefined, draws);
    }
    const annotations = { made: `${draws.next()}` };
    const owner = this.#options.number;
    if (work === 'index') {
      const children = [draws.of(there).content, draws.of(there).content];
      const content = imageIndex({ manifests: children, annotations });
      return this.#push({ repository, owner, content, blobs: [], children, subject: undefined }, tag, draws);
    }
    const subject = draws.of(there).content;
    const content = referrerOf(subject, 'application/vnd.example.signature', annotations);
    const blobs = [content.config];
    await this.#push({ repository, owner, content, blobs, children: [], subject }, undefined, draws);
  }

  async #image(repository: string, tag: string, draws: Draws): Promise<void> {
    const shared = this.#options.shared.filter(() => draws.chance(0.5));
    const layers = [...shared, this.#layer(draws)];
    const says = { architecture: 'amd64', os: 'linux', author: `${draws.next()}`, config: {} };
    const json = JSON.stringify({ ...says, rootfs: { type: 'layers', diff_ids: [] } });
    const config = contentOf(Buffer.from(json), configType);
    const content = imageManifest({ config, layers });
    const blobs = [config, ...layers];
    const owner = this.#options.number;
    await this.#push({ repository, owner, content, blobs, children: [], subject: undefined }, tag, draws);
  }

  /** As clients do: blobs that are missing, then the manifest; and again when something went meanwhile. */
  async #push(manifest: Manifest, tag: string | undefined, draws: Draws): Promise<void> {
    const { model, goesOn, log } = this.#options;
    const { content, repository } = manifest;
    const path = `/v2/${repository}/manifests/${tag ?? content.digest}`;
    for (let attempt = 0; attempt < 4 && goesOn(); attempt += 1) {
      let firstMs = Date.now();
      for (const blob of manifest.blobs) {
        const toldMs = await this.#blob(repository, blob, draws);
        if (toldMs === undefined) return;
        firstMs = Math.min(firstMs, toldMs);
      }
      // As after a large layer: a collection may come in between.
      if (draws.chance(0.3)) await sleep(draws.below(longestPauseMs));
      const headers = { 'Content-Type': content.descriptor.mediaType };
      const sentMs = Date.now();
      const answer = await ask(await this.#options.url(), 'PUT', path, { body: content.bytes, headers });
      log(`  PUT ${path} ${content.digest} -> ${answer?.status ?? 'no answer'}`);
      if (answer === undefined || answer.status === 201) {
        model.pushed(manifest, tag, answer !== undefined, { sentMs, endMs: Date.now(), lookedMs: firstMs });
        if (answer !== undefined) model.acknowledged.add('manifests');
        return;
      }
      if (![400, 404].includes(answer.status)) throw unexpected(`PUT ${path}`, answer.status);
      // Others may delete what they share with this client, and nobody the rest, nor a collection before the lease has ended.
      const isAlone = !manifest.blobs.some((blob) => this.#mayBeDeleted(blob)) && manifest.children.length === 0;
      if (isAlone && Date.now() < firstMs + model.graceMs)
        throw new Violation(`${path} was refused while its blobs were leased: ${answer.bytes}`);
    }
  }

  /** When it was asked what the answer says: the blob is there. */
  async #blob(repository: string, content: Content, draws: Draws): Promise<number | undefined> {
    const { url, goesOn, model, log } = this.#options;
    const sentMs = Date.now();
    const path = `/v2/${repository}/blobs/${content.digest}`;
    const how = draws.of(['head', 'head', 'mount', 'upload'] as const);
    let toldMs: number | undefined;
    const target: Target = { url, repository, goesOn };
    if (how === 'head') {
      const answer = await ask(await url(), 'HEAD', path);
      if (answer?.status === 200) toldMs = sentMs;
    }
    if (how === 'mount') {
      const from = draws.of(repositories.filter((name) => name !== repository));
      const query = `mount=${content.digest}&from=${encodeURIComponent(from)}`;
      const answer = await ask(await url(), 'POST', `/v2/${repository}/blobs/uploads/?${query}`, {
        body: Buffer.alloc(0),
      });
      if (answer?.status === 201) toldMs = sentMs;
      else if (answer?.status === 202)
        toldMs = await finished(target, pathOf(answer.headers.location), content, 'chunked', 0);
    }
    toldMs ??= await upload(target, content, draws.of(uploadForms), draws);
    log(`  blob ${repository}@${content.digest} ${how} -> ${toldMs === undefined ? 'nobody knows' : 'there'}`);
    if (toldMs === undefined) return undefined;
    model.acknowledged.add('blobs');
    model.damaged.delete(`${repository}@${content.digest}`);
    // Whose deletes nobody sees from here are not told.
    if (!this.#options.shared.includes(content) && content.bytes.byteLength > 2)
      model.told(repository, content, toldMs);
    return toldMs;
  }

  async #untag(repository: string, tag: string): Promise<void> {
    const { model, url, log } = this.#options;
    const known = model.tag(repository, tag);
    const sentMs = Date.now();
    const answer = await ask(await url(), 'DELETE', `/v2/${repository}/manifests/${tag}`);
    log(`  DELETE ${repository}:${tag} -> ${answer?.status ?? 'no answer'}`);
    if (answer?.status === 404 && !mayBeUntagged(model, known, Date.now()))
      throw new Violation(`${repository}:${tag} was lost before its delete`);
    if (answer !== undefined && ![202, 404].includes(answer.status))
      throw unexpected(`DELETE of ${tag}`, answer.status);
    if (answer?.status === 202) model.acknowledged.add('deletes of tags');
    model.untagged(repository, tag, answer !== undefined, { sentMs, endMs: Date.now() });
  }

  async #remove(manifest: KnownManifest): Promise<void> {
    const { model, url, log } = this.#options;
    const { repository, content } = manifest;
    const sentMs = Date.now();
    const answer = await ask(await url(), 'DELETE', `/v2/${repository}/manifests/${content.digest}`);
    log(`  DELETE ${repository}@${content.digest} -> ${answer?.status ?? 'no answer'}`);
    if (answer?.status === 404 && !mayBeUnlisted(model, manifest, Date.now()))
      throw new Violation(`${repository}@${content.digest} was lost before its delete`);
    if (answer !== undefined && ![202, 404].includes(answer.status)) throw unexpected('DELETE', answer.status);
    if (answer?.status === 202) model.acknowledged.add('deletes of manifests');
    model.removed(manifest, answer !== undefined, { sentMs, endMs: Date.now() });
  }

  async #removeBlob(repository: string, own: readonly KnownManifest[], draws: Draws): Promise<void> {
    const { model, url, shared, log } = this.#options;
    const content = draws.of([
      ...shared.filter((blob) => this.#mayBeDeleted(blob)),
      ...own.flatMap(({ blobs }) => blobs).filter((blob) => !shared.includes(blob)),
    ]);
    const path = `/v2/${repository}/blobs/${content.digest}`;
    const deletion = model.blobDelete(repository, content.digest, Date.now());
    const answer = await ask(await url(), 'DELETE', path);
    deletion.endMs = Date.now();
    log(`  DELETE blob ${repository}@${content.digest} -> ${answer?.status ?? 'no answer'}`);
    if (answer?.status === 202) model.acknowledged.add('deletes of blobs');
    if (shared.includes(content) || content.bytes.byteLength === 2) return;
    // 405: a manifest needs it.
    if (answer === undefined || answer.status === 202) model.blobRemoved(repository, content, answer !== undefined);
  }

  /** By any client: the first of the shared layers, and the config of all signatures. */
  #mayBeDeleted(blob: Content): boolean {
    return blob === this.#options.shared[0] || blob.bytes.byteLength === 2;
  }

  /** Still in the list of what to clear away, the oldest first. */
  #own(repository: string): readonly KnownManifest[] {
    return this.#known(repository).filter(({ mayBeThere }) => mayBeThere);
  }

  /** Also those that it deleted, for a while. */
  #known(repository: string): readonly KnownManifest[] {
    const { model, number } = this.#options;
    return [...model.manifests.values()].filter((known) => known.owner === number && known.repository === repository);
  }

  #layer(draws: Draws): Content {
    return contentOf(draws.bytes(64 + draws.below(draws.chance(0.2) ? largestBytes : 9_000)), layerType);
  }
}
