// What other programs see and do: index.json read, added to by rename, and rewritten in place from a copy read a while before.
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, manifestNamed, manifestType } from './content.mjs';

interface Index {
  manifests: { digest: string; annotations?: Record<string, string> }[];
}

const refName = 'org.opencontainers.image.ref.name';

export class LayoutOnDisk {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get indexPath(): string {
    return `${this.#directory}/index.json`;
  }

  async tags(): Promise<Set<string>> {
    return new Set((await this.#read()).manifests.flatMap(({ annotations }) => annotations?.[refName] ?? []));
  }

  /** Reads, waits, adds one tag to the copy and writes it back without a lock: by rename (regctl, umoci) or in place (skopeo, oras, crane). */
  async addTag(tag: string, afterMs: number, how: 'rename' | 'in-place'): Promise<void> {
    const copy = await this.#read();
    await sleep(afterMs);
    const bytes = manifestNamed(tag);
    const digest = digestOf(bytes);
    writeFileSync(`${this.#directory}/blobs/${digest.replace(':', '/')}`, bytes);
    const entry = { mediaType: manifestType, digest, size: bytes.length, annotations: { [refName]: tag } };
    const text = JSON.stringify({ ...copy, manifests: [...copy.manifests, entry] });
    if (how === 'in-place') return writeFileSync(this.indexPath, text);
    writeFileSync(`${this.indexPath}.tmp`, text);
    renameSync(`${this.indexPath}.tmp`, this.indexPath);
  }

  async #read(): Promise<Index> {
    return JSON.parse(await readFile(this.indexPath, 'utf8'));
  }
}

/** Waits until nothing is missing; the last look's answer otherwise. Healing after a foreign write takes up to 3 s. */
export async function missingOnceAtRest(
  expected: readonly string[],
  present: () => Promise<Set<string>>,
): Promise<readonly string[]> {
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    const tags = await present();
    const missing = expected.filter((tag) => !tags.has(tag));
    if (missing.length === 0 || Date.now() > deadlineMs) return missing;
    await sleep(200);
  }
}

export async function tagsOf(url: string, repository: string): Promise<Set<string>> {
  const answer = await fetch(`${url}/v2/${repository}/tags/list`);
  const { tags } = (await answer.json()) as { tags: string[] };
  return new Set(tags);
}
