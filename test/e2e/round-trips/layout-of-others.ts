// A layout in a directory as other tools write and read it: models of what oras, regctl, olareg and zot do with its files.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { digests } from '../fixtures/expectations.ts';

export interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface IndexJson extends Record<string, unknown> {
  readonly manifests: readonly Entry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

interface ManifestJson {
  readonly schemaVersion?: number;
  readonly config?: Entry;
  readonly layers?: readonly Entry[];
  readonly manifests?: readonly Entry[];
  readonly subject?: Entry;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const refName = 'org.opencontainers.image.ref.name';
const olaregSubject = 'org.olareg.referrer.subject';
const olaregConverted = 'org.olareg.referrer.convert';
const empty = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };

export class LayoutOfOthers {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get path(): string {
    return `${this.directory}/index.json`;
  }

  text(): string {
    return readFileSync(this.path, 'utf8');
  }

  index(): IndexJson {
    return JSON.parse(this.text()) as IndexJson;
  }

  /** A blob that no entry leads to. */
  put(mediaType: string, value: unknown): Entry {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const digest = digestOf(text);
    writeFileSync(this.#blob(digest), text);
    return { mediaType, digest, size: text.length };
  }

  /** `oras attach`: one plain entry more; everything else is written again in another order, without fields that oras does not know. */
  orasAttach(of: string): string {
    const referrer = this.#referrer(of, 'oras');
    const { schemaVersion, mediaType, manifests, annotations } = this.index();
    this.#write({ schemaVersion, mediaType, manifests: [referrer, ...manifests.toReversed()], annotations });
    return referrer.digest;
  }

  /** `oras manifest delete`: the entry and the file are gone, the response under the referrers tag still lists it. */
  orasDelete(digest: string): void {
    this.#write({ ...this.index(), manifests: this.index().manifests.filter((entry) => entry.digest !== digest) });
    rmSync(this.#blob(digest));
  }

  /** `regctl artifact put --subject`: a raw blob, and a new response under the referrers tag. */
  regctlPut(of: string): string {
    const referrer = this.#referrer(of, 'regctl');
    const tag = of.replace(':', '-');
    const listed = this.#childrenOf(this.#tagged(tag));
    const response = this.put(indexType, { schemaVersion: 2, mediaType: indexType, manifests: [...listed, referrer] });
    const others = this.index().manifests.filter((entry) => entry.annotations?.[refName] !== tag);
    this.#write({ ...this.index(), manifests: [...others, { ...response, annotations: { [refName]: tag } }] });
    return referrer.digest;
  }

  /** A referrer pushed to olareg: a raw blob, and a response that an annotation leads to; the layout is marked as converted. */
  olaregPush(of: string): string {
    const referrer = this.#referrer(of, 'olareg');
    const listed = this.#childrenOf(this.#tagged(of.replace(':', '-')));
    const response = this.put(indexType, { schemaVersion: 2, mediaType: indexType, manifests: [...listed, referrer] });
    const { manifests, annotations } = this.index();
    this.#write({
      ...this.index(),
      manifests: [...manifests, { ...response, annotations: { [olaregSubject]: of } }],
      annotations: { ...annotations, [olaregConverted]: 'true' },
    });
    return referrer.digest;
  }

  /** regctl deletes every file that is not reachable from an entry through indexes, configs and layers; a subject leads nowhere. */
  regctlCollect(): readonly string[] {
    const kept = new Set<string>();
    const visit = (digest: string): void => {
      if (kept.has(digest) || !existsSync(this.#blob(digest))) return;
      kept.add(digest);
      for (const entry of this.#content(digest)) visit(entry.digest);
    };
    for (const entry of this.index().manifests) visit(entry.digest);
    const names = readdirSync(`${this.directory}/blobs/sha256`);
    const gone = names.filter((name) => !kept.has(`sha256:${name}`));
    for (const name of gone) rmSync(`${this.directory}/blobs/sha256/${name}`);
    return gone;
  }

  /** What the tool would list: regctl by the referrers tag, olareg by its annotation, oras and zot by the subject of the entries. */
  referrersSeenBy(tool: 'regctl' | 'olareg' | 'zot', of: string): readonly string[] {
    const { manifests } = this.index();
    if (tool === 'regctl') return digestsIn(this.#childrenOf(this.#tagged(of.replace(':', '-'))));
    if (tool === 'olareg') {
      return digestsIn(this.#childrenOf(manifests.find((entry) => entry.annotations?.[olaregSubject] === of)));
    }
    return digestsIn(manifests.filter((entry) => this.#manifest(entry.digest)?.subject?.digest === of));
  }

  #tagged(tag: string): Entry | undefined {
    return this.index().manifests.find((entry) => entry.annotations?.[refName] === tag);
  }

  #childrenOf(entry: Entry | undefined): readonly Entry[] {
    return entry === undefined ? [] : (this.#manifest(entry.digest)?.manifests ?? []);
  }

  #content(digest: string): readonly Entry[] {
    const { schemaVersion, config, layers = [], manifests = [] } = this.#manifest(digest) ?? {};
    // The config of an image is JSON, too.
    if (schemaVersion !== 2) return [];
    return [...(config === undefined ? [] : [config]), ...layers, ...manifests];
  }

  /** Undefined for what is no JSON, as a layer. */
  #manifest(digest: string): ManifestJson | undefined {
    const text = readFileSync(this.#blob(digest), 'utf8');
    return text.startsWith('{') ? (JSON.parse(text) as ManifestJson) : undefined;
  }

  #referrer(of: string, by: string): Entry {
    const { size } = this.index().manifests.find((entry) => entry.digest === of) ?? { size: 0 };
    const layer = this.put('text/plain', `a referrer by ${by}\n`);
    const artifactType = 'application/vnd.example.third.v1';
    this.put(empty.mediaType, '{}');
    const made = this.put(manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType,
      config: empty,
      layers: [layer],
      subject: { mediaType: manifestType, digest: of, size },
    });
    return { ...made, artifactType };
  }

  #write(index: Record<string, unknown>): void {
    writeFileSync(this.path, JSON.stringify(index));
  }

  #blob(digest: string): string {
    return `${this.directory}/blobs/${digest.replace(':', '/')}`;
  }
}

function digestsIn(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.map(({ digest }) => digest))].sort();
}

export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** What every layout of the round trips starts with. */
export const given = [digests.R1, digests.R2];
