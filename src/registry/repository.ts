// What a repository is for whoever asks it: its blobs, manifests, tags and referrers and, where pushes are taken, its uploads.
import type { ImageLayout } from '../layout/image-layout.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { Blobs, type LayoutOf, WritableBlobs } from './blobs.ts';
import { Manifests, type PushRules, WritableManifests } from './manifests.ts';
import { Referrers } from './referrers.ts';
import type { Telling } from './registry-desk.ts';
import { Removals } from './removals.ts';
import { RepositoryState } from './repository-state.ts';
import { TagHistories } from './tag-histories.ts';
import { Tags } from './tags.ts';
import type { UploadSessions } from './upload-sessions.ts';
import { Uploads } from './uploads.ts';

export interface Repository {
  readonly name: RepositoryName;
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly history: TagHistories;
  readonly removals: Removals;
  readonly state: RepositoryState;
}

/** One that takes pushes and deletes as well. */
export interface WritableRepository extends Repository {
  readonly blobs: WritableBlobs;
  readonly manifests: WritableManifests;
  readonly uploads: Uploads;
}

export interface RepositoryParts {
  readonly name: RepositoryName;
  readonly layout: ImageLayout;
  readonly names: RepositoryNames;
  /** Of the mount; undefined where it takes no pushes. */
  readonly sessions: UploadSessions | undefined;
  /** Where blobs may be linked from. */
  readonly layoutOf: LayoutOf;
  readonly rules: PushRules;
  readonly tell: Telling;
}

export function repositoryOf(parts: RepositoryParts): Repository | WritableRepository {
  const { name, layout, names, sessions, layoutOf } = parts;
  const { changes } = layout;
  const common = {
    name,
    tags: new Tags(layout, names),
    referrers: new Referrers(layout),
    history: new TagHistories(layout, names),
    removals: new Removals(layout, names),
    state: new RepositoryState(layout, names),
  };
  if (changes === undefined || sessions === undefined) {
    return { ...common, blobs: new Blobs(layout), manifests: new Manifests(layout, names) };
  }
  return {
    ...common,
    blobs: new WritableBlobs(layout, { name, changes, layoutOf, quotas: sessions.quotasOf(name), tell: parts.tell }),
    manifests: new WritableManifests(layout, changes, names, { rules: parts.rules, quotas: sessions.quotasOf(name) }),
    uploads: new Uploads({ repository: name, uploader: undefined }, changes, sessions),
  };
}
