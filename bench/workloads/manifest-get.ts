// GET of a manifest by tag, going round over 100 tags of the repository.

import { OCI_INDEX, OCI_MANIFEST } from '../content/image.ts';
import { getWorkload } from './get-workload.ts';
import type { TaggedData } from './tagged-data.ts';
import type { LoadWorkload, Plan } from './workload.ts';

export function manifestGet(which: 'few' | 'many', tags: number, data: TaggedData, plan: Plan): LoadWorkload {
  return getWorkload({
    name: `manifest-get-${which}`,
    title: `manifest GET by tag, repository of ${tags.toLocaleString('en')} tags, 64 connections`,
    plan,
    dataset: data.dataset,
    without: new Map(),
    paths: [...data.manifestAt.keys()],
    accept: `${OCI_MANIFEST}, ${OCI_INDEX}`,
    connections: 64,
    checkBody: (path, body) => {
      if (!data.manifestAt.get(path)?.equals(body)) throw new Error(`${path}: other bytes than were stored`);
    },
  });
}
