// What the main process asks of the load client and what it gets back, both as JSON over a pipe.

/** How much load: `connections` at once until `seconds` have passed or `limit` operations have been started. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  readonly limit: number;
}

interface JobBase {
  readonly port: number;
  readonly load: Load;
}

/** PUT of new tags: on one manifest that is there already, or each with a manifest of its own. */
export interface PutTagsJob extends JobBase {
  readonly kind: 'put-tags';
  readonly repository: string;
  readonly tagPrefix: string;
  readonly manifests: 'one' | 'new';
}

/** POST, then PUT with the digest: a blob nobody has seen before. */
export interface PutBlobsJob extends JobBase {
  readonly kind: 'put-blobs';
  readonly repository: string;
  readonly blobBytes: number;
}

export interface GetBlobJob extends JobBase {
  readonly kind: 'get-blob';
  readonly path: string;
  readonly blobBytes: number;
}

/** POST with mount and from, each into a repository that did not exist. */
export interface MountJob extends JobBase {
  readonly kind: 'mount';
  readonly from: string;
  readonly digest: string;
  readonly intoPrefix: string;
}

/** A pull of an image that is there: its tag, and the layer that its manifest names. */
export interface PullStep {
  readonly kind: 'pull';
  readonly tag: string;
  readonly layerDigest: string;
  readonly layerBytes: number;
}

/** A push of a new image into a repository that did not exist. `patch`: its layer by POST, PATCH and PUT instead of POST and PUT. */
export interface PushStep {
  readonly kind: 'push' | 'patch';
  readonly layerBytes: number;
}

export type ImageStep = PullStep | PushStep;

/** Whole images, going round over the steps: each is a manifest, a small config and one layer. */
export interface ImagesJob extends JobBase {
  readonly kind: 'images';
  readonly steps: readonly ImageStep[];
  readonly from: string;
  readonly intoPrefix: string;
}

/** One GET every some milliseconds on whichever connection is free, going round: each is timed from when it was due. */
export interface GetSteadilyJob extends JobBase {
  readonly kind: 'get-steadily';
  readonly paths: readonly string[];
  readonly everyMs: number;
}

/** GET by tag, PUT of a new tag, and now and then a page of the list of tags, one after the other on each connection. */
export interface UseTagsJob extends JobBase {
  readonly kind: 'use-tags';
  readonly repository: string;
  readonly tags: readonly string[];
  readonly tagPrefix: string;
}

/** Another program that writes an index.json again and again, in a form of its own, so that all of it has to be parsed anew. */
export interface RewriteIndexJob extends JobBase {
  readonly kind: 'rewrite-index';
  readonly file: string;
  readonly everyMs: number;
}

export type Job =
  | PutTagsJob
  | PutBlobsJob
  | GetBlobJob
  | MountJob
  | ImagesJob
  | GetSteadilyJob
  | UseTagsJob
  | RewriteIndexJob;

export interface JobResult {
  readonly operations: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly failures: number;
  readonly firstFailure: string;
}
