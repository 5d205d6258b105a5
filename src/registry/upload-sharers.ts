// Where several processes are one server, an upload belongs to the server: clients send POST, PATCH and PUT over whichever connections they
// have, and each may reach another process. Whoever goes on with an upload has the one that had it let go of it before.
import type { Digest, DigestAlgorithm } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { UploadId } from '../oci/upload-id.ts';

/** What a process found out about the first bytes of an upload while they came in. */
export interface HashedBytes {
  readonly size: number;
  readonly algorithm: DigestAlgorithm;
  readonly digest: Digest;
}

/** Which upload: sessions belong to mounts, and mounts have the same names in every process of the server. */
export interface SharedUpload {
  readonly mount: RepositoryName | '';
  readonly id: UploadId;
}

export interface UploadSharers {
  /** Names the server, with all its processes, among all that share the root. */
  readonly owner: string;
  /**
   * Resolves once no other process of the server has the upload's file open, and none will write to it. Undefined: none of them hashed all
   * of its bytes.
   */
  take(upload: SharedUpload): Promise<HashedBytes | undefined>;
  /** It was committed or cancelled: none goes on with it. */
  tellEnded(upload: SharedUpload): void;
}

/** The same for the uploads of one mount. */
export interface UploadSharersOfMount {
  take(id: UploadId): Promise<HashedBytes | undefined>;
  tellEnded(id: UploadId): void;
}

export function ofMount(sharers: UploadSharers, mount: SharedUpload['mount']): UploadSharersOfMount {
  return { take: (id) => sharers.take({ mount, id }), tellEnded: (id) => sharers.tellEnded({ mount, id }) };
}
