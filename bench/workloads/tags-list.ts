// GET of the whole tag list, without paging.

import { getWorkload } from './get-workload.ts';
import type { TaggedData } from './tagged-data.ts';
import type { LoadWorkload, Plan } from './workload.ts';

export function tagsList(
  which: 'few' | 'many',
  tags: number,
  connections: number,
  data: TaggedData,
  plan: Plan,
): LoadWorkload {
  return getWorkload({
    name: `tags-list-${which}`,
    title: `tags/list of ${tags.toLocaleString('en')} tags in one answer, ${connections} connections`,
    plan,
    dataset: data.dataset,
    without: new Map(),
    paths: [data.listPath],
    accept: 'application/json',
    connections,
    checkBody: (path, body) => {
      const list = JSON.parse(body.toString()) as { tags: unknown[] };
      if (list.tags.length !== tags) throw new Error(`${path}: lists ${list.tags.length} tags instead of ${tags}`);
    },
  });
}
