// Everything that the model knows, asked of a server that was just started.
import { digestOf } from '../endurance/acknowledged.ts';
import type { Content } from '../support/content.ts';
import { type Answer, ask } from './ask.ts';
import { repositories } from './client.ts';
import { type KnownManifest, type KnownTag, type Model, Violation } from './model.ts';
import { mayBeUnlisted, mayBeUntagged } from './rules.ts';

const accepted = { Accept: '*/*' };
const atOnce = 8;

/** Throws a `Violation`; what nobody knew is known afterwards. */
export async function checkAll(url: string, model: Model): Promise<void> {
  const askOnce = blobsOf(url);
  await all([...model.manifests.values()], (manifest) => checkManifest(url, manifest, model, askOnce));
  await all([...model.tags.values()], (tag) => checkTag(url, tag, model));
  for (const repository of repositories) await checkTagList(url, repository, model);
  await all([...model.manifests.values()], (manifest) => checkReferrers(url, manifest, model));
  await all([...model.blobs.values()], async ({ repository, content, leasedUntilMs }) => {
    const isNeeded = model.isNeeded(repository, content.digest);
    const { status, atMs } = await askOnce(repository, content);
    const where = `${repository}@${content.digest}`;
    if (leasedUntilMs === 0 && status === 200 && !isNeeded)
      throw new Violation(`the blob ${where} was deleted and is there`);
    if (status !== 200 && atMs < leasedUntilMs && !model.damaged.has(where))
      throw new Violation(`the blob ${where} was leased and is gone: ${status}`);
  });
}

type AskBlob = (repository: string, content: Content) => Promise<{ readonly status: number; readonly atMs: number }>;

/** Each blob of a repository is got once. */
function blobsOf(url: string): AskBlob {
  const known = new Map<string, ReturnType<AskBlob>>();
  const get = async (repository: string, content: Content) => {
    const answer = await mustAnswer(url, `/v2/${repository}/blobs/${content.digest}`);
    if (answer.status === 200 && !answer.bytes.equals(content.bytes))
      throw new Violation(`the blob ${repository}@${content.digest} has other bytes`);
    return { status: answer.status, atMs: Date.now() };
  };
  return (repository, content) => {
    const key = `${repository}@${content.digest}`;
    const asked = known.get(key) ?? get(repository, content);
    known.set(key, asked);
    return asked;
  };
}

async function checkManifest(url: string, manifest: KnownManifest, model: Model, askBlob: AskBlob): Promise<void> {
  const { repository, content, mayBeThere } = manifest;
  const where = `${repository}@${content.digest}`;
  const get = async () => {
    const answer = await mustAnswer(url, `/v2/${repository}/manifests/${content.digest}`);
    if (answer.status !== 200 && !mayBeUnlisted(model, manifest, Date.now()))
      throw new Violation(`the manifest ${where} is lost: ${answer.status}`);
    return answer;
  };
  const { status, bytes } = await get();
  if (status === 200 && !mayBeThere) throw new Violation(`the manifest ${where} was deleted and is there`);
  manifest.mayBeThere = status === 200;
  manifest.mayBeGone = status !== 200;
  if (status !== 200) return;
  if (!bytes.equals(content.bytes)) throw new Violation(`the manifest ${where} has other bytes`);
  for (const blob of manifest.blobs) {
    const found = await askBlob(repository, blob);
    if (found.status === 200 || model.damaged.has(`${repository}@${blob.digest}`)) continue;
    if (model.mayLack(manifest, blob.digest)) continue;
    // A rule may take it away meanwhile.
    if ((await get()).status !== 200) return;
    throw new Violation(`the manifest ${where} lost its blob ${blob.digest}: ${found.status}`);
  }
}

async function checkTag(url: string, known: KnownTag, model: Model): Promise<void> {
  const { repository, tag, meant } = known;
  const { status, bytes } = await mustAnswer(url, `/v2/${repository}/manifests/${tag}`);
  const found = status === 200 ? digestOf(bytes) : '';
  if (!meant.has(found) && !(found === '' && mayBeUntagged(model, known, Date.now())))
    throw new Violation(`${repository}:${tag} means ${found || 'nothing'}, not ${[...meant].join(' or ')}`);
  meant.clear();
  meant.add(found);
}

async function checkTagList(url: string, repository: string, model: Model): Promise<void> {
  const { status, bytes } = await mustAnswer(url, `/v2/${repository}/tags/list`);
  const { tags } = status === 200 ? (JSON.parse(bytes.toString()) as { tags: string[] }) : { tags: [] };
  const wanted = tagsIn(model, repository);
  const odd = tags.filter((tag) => !wanted.some((known) => known.tag === tag));
  const lost = wanted.filter((known) => !tags.includes(known.tag) && !mayBeUntagged(model, known, Date.now()));
  if (odd.length > 0 || lost.length > 0) {
    const names = (those: readonly KnownTag[]) => those.map(({ tag }) => tag).join();
    throw new Violation(`${repository} lists ${tags.join()}: not there ${odd.join()}, lost ${names(lost)}`);
  }
}

/** Those that mean something, once it is known of all whether they do. */
export function tagsIn(model: Model, repository: string): readonly KnownTag[] {
  return [...model.tags.values()].filter((known) => known.repository === repository && !known.meant.has(''));
}

async function checkReferrers(url: string, subject: KnownManifest, model: Model): Promise<void> {
  const { repository, content } = subject;
  const known = model.referrersOf(repository, content.digest);
  if (known.length === 0) return;
  const { status, bytes } = await mustAnswer(url, `/v2/${repository}/referrers/${content.digest}`);
  if (status !== 200) throw new Violation(`the referrers of ${repository}@${content.digest} are answered ${status}`);
  const { manifests } = JSON.parse(bytes.toString()) as { manifests: { digest: string }[] };
  const listed = new Set(manifests.map(({ digest }) => digest));
  for (const manifest of known) {
    const { content: referrer, mayBeThere } = manifest;
    if (listed.has(referrer.digest) === mayBeThere) continue;
    if (mayBeThere && mayBeUnlisted(model, manifest, Date.now())) continue;
    const what = mayBeThere ? 'is not listed' : 'is gone and listed';
    throw new Violation(`${referrer.digest} ${what} as a referrer of ${repository}@${content.digest}`);
  }
}

async function mustAnswer(url: string, path: string): Promise<Answer> {
  const answer = await ask(url, 'GET', path, { headers: accepted });
  if (answer === undefined) throw new Violation(`no answer to GET ${path} from a server that nobody killed`);
  return answer;
}

async function all<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const take = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}
