// The registry that is served, as a source of images to look at: what a page shows is no pull.
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { SourceManifest } from '../transfer/image-source.ts';
import { RegistrySource } from '../transfer/registry-source.ts';

export class LookingSource extends RegistrySource {
  readonly #served: Registry;

  constructor(registry: Registry) {
    super(registry, 'this registry');
    this.#served = registry;
  }

  override async manifest(name: RepositoryName, reference: Reference): Promise<SourceManifest> {
    const { manifests } = await this.#served.repository(name);
    return manifests.look(reference);
  }

  /** It belongs to whoever serves it. */
  override async close(): Promise<void> {}
}
