// The fields of an entry of index.json as they were written, also those that serving it does not need.

import type { IndexEntry } from '../../layout/index/index-entry.ts';
import type { Annotations } from '../../oci/annotations.ts';

export interface WrittenFields {
  /** Whatever stands there; '' when it is no text. */
  readonly digest: string;
  readonly annotations: Annotations;
  readonly hasPlatform: boolean;
  readonly hasArtifactType: boolean;
}

export function fieldsOf({ line }: Pick<IndexEntry, 'line'>): WrittenFields {
  const json: unknown = JSON.parse(line);
  const fields = isRecord(json) ? json : {};
  return {
    digest: typeof fields.digest === 'string' ? fields.digest : '',
    annotations: annotationsIn(fields.annotations),
    hasPlatform: isRecord(fields.platform),
    hasArtifactType: typeof fields.artifactType === 'string',
  };
}

function annotationsIn(value: unknown): Annotations {
  const pairs = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
