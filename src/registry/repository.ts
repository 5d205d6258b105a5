// One repository: the nouns of the spec, side by side.
import type { RepositoryName } from '../oci/reference.ts';
import type { Blobs } from './blobs.ts';
import type { Manifests } from './manifests.ts';
import type { Referrers } from './referrers.ts';
import type { Tags } from './tags.ts';
import type { Uploads } from './uploads.ts';

export interface Repository {
  readonly name: RepositoryName;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly referrers: Referrers;
}
