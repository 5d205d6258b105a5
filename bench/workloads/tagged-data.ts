// A repository with N tags, written to disk as each kind of server keeps it. Several read workloads share it.

import { type StoredAnswer, writeAnswers } from '../content/answers.ts';
import { writeDistributionTree } from '../content/distribution-tree.ts';
import { digestOf, OCI_MANIFEST } from '../content/image.ts';
import { writeLayout } from '../content/layout-tree.ts';
import { type Repository, someTags, taggedRepository } from '../content/repository.ts';
import type { StorageForm } from '../servers/contestant.ts';
import type { Dataset } from './workload.ts';

/** Enough tags to go round over that no server can live on one cached answer. */
const PATHS = 100;

export interface TaggedData {
  readonly dataset: Dataset;
  readonly listPath: string;
  /** The manifest each of some evenly spread tags leads to, by path. */
  readonly manifestAt: ReadonlyMap<string, Buffer>;
}

export function taggedData(tags: number): TaggedData {
  const repository = taggedRepository(`bench/tags-${tags}`, tags);
  const listPath = `/v2/${repository.name}/tags/list`;
  const manifestAt = new Map<string, Buffer>();
  for (const tag of someTags(repository, PATHS)) {
    const manifest = repository.manifestOf.get(tag);
    if (manifest !== undefined) manifestAt.set(`/v2/${repository.name}/manifests/${tag}`, manifest);
  }
  const list = { name: repository.name, tags: [...repository.manifestOf.keys()] };
  const answers: StoredAnswer[] = [
    { path: listPath, contentType: 'application/json', digest: '', body: Buffer.from(JSON.stringify(list)) },
    ...[...manifestAt].map(([path, body]) => ({ path, contentType: OCI_MANIFEST, digest: digestOf(body), body })),
  ];
  return {
    listPath,
    manifestAt,
    dataset: {
      key: `tags-${tags}`,
      write: (form, root) => writeRepository(form, root, repository, answers),
      fill: undefined,
    },
  };
}

/** One repository in the form a server keeps, or its answers for the server that keeps none. */
export function writeRepository(
  form: StorageForm,
  root: string,
  repository: Repository,
  answers: readonly StoredAnswer[],
): void {
  if (form === 'layouts') writeLayout(root, repository);
  else if (form === 'distribution') writeDistributionTree(root, repository);
  else if (form === 'answers') writeAnswers(root, [...answers, ROOT_ANSWER]);
}

/** What every server has to answer once it is up. */
export const ROOT_ANSWER: StoredAnswer = {
  path: '/v2/',
  contentType: 'application/json',
  digest: '',
  body: Buffer.from('{}'),
};
