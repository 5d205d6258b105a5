// Where a registry tells what happened in it: changes of layouts with the change itself, the rest right after it.
import type { ChangeAuthor, NewsDesk } from '../layout/changes/layout-news.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export type { ChangeAuthor } from '../layout/changes/layout-news.ts';

export type RegistryNews =
  | {
      readonly kind: 'mounted';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly size: number;
      readonly from: RepositoryName | undefined;
      readonly by: ChangeAuthor | undefined;
    }
  | {
      readonly kind: 'blob deleted';
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly size: number;
      readonly by: ChangeAuthor | undefined;
    }
  | { readonly kind: 'collected'; readonly mount: string; readonly freedBytes: number; readonly tookMs: number };

/** Undefined where nobody wants to know. */
export type Telling = ((news: RegistryNews) => Promise<void>) | undefined;

export function tellingOf(desk: RegistryDesk | undefined, store: ObjectStore | undefined): Telling {
  return desk && store && ((news) => desk.tell(store, news));
}

export interface RegistryDesk extends NewsDesk {
  /** `store`: that of the mount. Returns once it outlives a power cut. Never refuses: what happened has happened. */
  tell(store: ObjectStore, news: RegistryNews): Promise<void>;
}
