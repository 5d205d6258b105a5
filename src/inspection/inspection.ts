// What `moorage inspect` finds out, of whatever it is given: parts with their findings.
import type { BlobProgress } from '../transfer/progress.ts';
import type { Dialect } from './findings/dialects.ts';
import type { FindingGroup } from './findings/finding-list.ts';

/** A root of layouts, an archive, one layout, or one repository of a registry. */
export type PartKind = 'root' | 'archive' | 'layout' | 'repository';

export interface InspectedPart {
  readonly kind: PartKind;
  /** The repository it is served as; '' for a root or an archive as such. */
  readonly name: string;
  /** Where it is: a path or a URL. */
  readonly where: string;
  /** Entries of index.json, or tags of a repository; undefined where they cannot be read, or there is no such thing. */
  readonly entries: number | undefined;
  readonly dialects: readonly Dialect[];
  readonly findings: readonly FindingGroup[];
}

export interface Inspection {
  readonly source: string;
  readonly parts: readonly InspectedPart[];
}

export interface InspectDepth {
  /** Reads every blob and compares its digest. */
  readonly verify: boolean;
  /** Is told of the blobs that are read. */
  readonly progress?: BlobProgress;
}
