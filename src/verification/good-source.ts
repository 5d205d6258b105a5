// Good copies out of what --from names: a layout, an archive, a root of layouts or a registry.
import { RegistryError } from '../oci/error-code.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { ImageSource } from '../transfer/image-source.ts';
import type { OpenedSource } from '../transfer/open-source.ts';
import { SourceError } from '../transfer/source-error.ts';
import { type GoodCopy, once, type WantedBlob } from './good-copy.ts';

export class GoodSource {
  readonly #source: ImageSource;
  /** Undefined where a whole registry, or several repositories, were named. */
  readonly #repository: RepositoryName | undefined;
  readonly #isLocal: boolean;
  #all: Promise<readonly RepositoryName[]> | undefined;

  constructor({ source, repository, isLocal }: Pick<OpenedSource, 'source' | 'repository' | 'isLocal'>) {
    this.#source = source;
    this.#isLocal = isLocal;
    this.#repository = repository;
  }

  /** Before anything is changed: what somebody misspelt has no copies, and damaged files would be put aside. Throws SourceError, RegistryError. */
  async assertThere(): Promise<void> {
    const [source, repository] = [this.#source, this.#repository];
    if (!this.#isLocal) {
      if (repository !== undefined) await source.tags(repository);
      return;
    }
    const names = await source.repositories();
    if (repository !== undefined && !names.includes(repository))
      throw new SourceError(`there is no repository ${repository} in ${source.description}`);
    if (names.length === 0) throw new SourceError(`there is no image in ${source.description}`);
  }

  /** In each repository that may have it. The bytes are not checked: they are while they are copied. */
  async *copies(wanted: WantedBlob): AsyncGenerator<GoodCopy> {
    for (const name of await this.#names(wanted)) {
      const from = `${this.#source.description} (${name})`;
      yield { from, file: undefined, bytes: () => this.#blob(name, wanted) };
      yield { from, file: undefined, bytes: () => this.#manifest(name, wanted) };
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  async *#blob(name: RepositoryName, { digest, size }: WantedBlob): AsyncGenerator<Uint8Array> {
    // The type only matters to who asks for a manifest.
    yield* this.#source.readBlob(name, { digest, size, mediaType: 'application/octet-stream' }, 0);
  }

  async *#manifest(name: RepositoryName, { digest }: WantedBlob): AsyncGenerator<Uint8Array> {
    yield* once((await this.#source.manifest(name, { kind: 'digest', digest })).bytes);
  }

  /** The repository that was named, or those of the same names, or else all of them. */
  async #names({ names }: WantedBlob): Promise<readonly RepositoryName[]> {
    if (this.#repository !== undefined) return [this.#repository];
    this.#all ??= this.#listed();
    const all = await this.#all;
    const same = names.filter(isRepositoryName);
    return [...new Set([...same.filter((name) => all.length === 0 || all.includes(name)), ...all])];
  }

  /** Empty where a registry has no catalog. */
  async #listed(): Promise<readonly RepositoryName[]> {
    try {
      return await this.#source.repositories();
    } catch (error) {
      if (error instanceof RegistryError) return [];
      throw error;
    }
  }
}

/** True where a source said that it has no such thing; of every other failure nobody knows whether it has. */
export function isAbsentCopy(error: unknown): boolean {
  return error instanceof RegistryError && absent.has(error.code);
}

const absent: ReadonlySet<string> = new Set([
  'BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'NAME_UNKNOWN',
  'MANIFEST_BLOB_UNKNOWN',
]);
